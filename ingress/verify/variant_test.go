package verify_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/ingress/verify"
)

// versions is a preset whose variants share one header, and are told apart by another.
const versions = `name: acme
variants:
  - when: [{source: "header:X-Version", equals: v2}]
    signature: {header: X-Acme, algorithm: sha256, encoding: hex}
    signed: "{method}{body}"
  - when: [{source: "header:X-Version", absent: true}]
    signature: {header: X-Acme, algorithm: sha256, encoding: hex}
    signed: "{body}"
delivery: {field: id, digest: body}
handshakes:
  - name: hello
    proof: none
    when: [{source: "form:hello", equals: "you there"}, {source: "header:X-Acme", absent: true}]
    answer: {status: 204, type: text/plain}
vectors:
  - {name: version 2, source: computed, secrets: ["k"], headers: ["X-Version: v2", "X-Acme: 85e4b9b90cf94c2fe8ff3cf2f1fd9d9b3e9bd7e33b69bc3cd8d4f0cf8a8a0000"], body: "x", want: signature.mismatch}
  - {name: unknown version, source: computed, secrets: ["k"], headers: ["X-Version: v3", "X-Acme: c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189"], body: "x", want: signature.missing}
  - {name: version twice, source: computed, secrets: ["k"], headers: ["X-Version: v2", "X-Version: v2", "X-Acme: c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189"], body: "x", want: header.repeated}
  - {name: no version, source: computed, secrets: ["k"], headers: ["X-Acme: c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189"], body: "x", delivery: "body:LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE", want: accept}
  - {name: hello, source: computed, secrets: ["k"], headers: [], body: "a=1&hello=you+there", handshake: hello, answer: "", status: 204, want: accept}
  - {name: hello twice, source: computed, secrets: ["k"], headers: [], body: "hello=you+there&hello=you+there", want: header.repeated}
  - {name: hello badly escaped, source: computed, secrets: ["k"], headers: [], body: "hello=%zz", want: header.repeated}
  - {name: hello to somebody else, source: computed, secrets: ["k"], headers: [], body: "hello=them", want: signature.missing}
  - {name: hello with a signature, source: computed, secrets: ["k"], headers: ["X-Acme: 00"], body: "hello=you+there", want: signature.malformed}
`

// TestVariants: a foreign preset is judged by its vectors, so loading it proves them.
func TestVariants(t *testing.T) {
	t.Parallel()
	if _, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(versions)}}); err != nil {
		t.Error(err)
	}
}

func TestVariantsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, other, want string }{
		"chosen by the body":          {"header:X-Version", "body:version", "chosen by headers and parameters"},
		"chosen by a form":            {"header:X-Version", "form:version", "chosen by headers and parameters"},
		"condition without a source":  {`source: "header:X-Version", equals: v2`, "equals: v2", "a condition needs a source"},
		"absent with a value":         {"equals: v2", "equals: v2, absent: true", "not both"},
		"form field without a name":   {"form:hello", "form:", "1 to 64 characters"},
		"unknown source":              {"form:hello", "from:hello", "form:NAME"},
		"digest in a header's place":  {"delivery: {field: id,", "delivery: {header: X-Id,", "a digest may stand in for a field"},
		"condition of a whole preset": {"delivery:", "when: []\ndelivery:", `unknown field "when"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(versions, c.old) {
				t.Fatalf("%q is not in the sound preset", c.old)
			}
			text := strings.Replace(versions, c.old, c.other, 1)
			_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}
