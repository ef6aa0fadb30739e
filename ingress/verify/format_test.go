package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// asked is a preset whose sender asks anybody's way for an HMAC, as X and LinkedIn do.
const asked = `name: acme
signature: {header: X-Acme, algorithm: sha256, encoding: base64url, separator: ","}
signed: "{timestamp}.{body}"
timestamp: {header: X-Acme, item: first, form: seconds, tolerance: 300}
body: object
handshakes:
  - name: crc
    method: GET
    proof: none
    when: [{source: "query:crc"}]
    answer:
      fields: {token: {hmac: base64url, of: "query:crc", prefix: "sha256="}}
  - {name: head, method: HEAD, proof: none, answer: {status: 204}}
vectors:
  - {name: none, source: computed, secrets: ["k"], body: "{}", want: signature.missing}
  - {name: head, source: computed, secrets: ["k"], method: HEAD, handshake: head, status: 204, want: accept}
`

func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, now, want string }{
		"HMAC for anybody, of any body":       {"body: object\n", "", "makes an HMAC for anybody who asks"},
		"HMAC for anybody, of any characters": {"      fields:", "      chars: url\n      fields:", "makes an HMAC for anybody who asks"},
		"other kind of body":                  {"body: object", "body: list", `"list" is none of "object"`},
		"prefix of a plain value":             {"{hmac: base64url, of: \"query:crc\", prefix", "{value: x, prefix", "a value is a source"},
		"first item without a separator":      {", separator: \",\"", "", "can a timestamp be the first item"},
		"first item of another header":        {"{header: X-Acme, item", "{header: X-Acme-Time, item", "can a timestamp be the first item"},
		"first item with a prefix":            {"item: first", "item: first, prefix: \"t=\"", "can a timestamp be the first item"},
		"second item":                         {"item: first", "item: second", `"second" is none of "first"`},
		"handshake of every POST":             {"head, method: HEAD", "head, method: POST", "a handshake needs name and when"},
		"method that is none":                 {"head, method: HEAD", "head, method: TRACE", `"TRACE" is none of`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(asked, c.old) != 1 {
				t.Fatalf("%q is not once in the preset", c.old)
			}
			text := strings.Replace(asked, c.old, c.now, 1)
			_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}})
			if err == nil {
				t.Fatal("loaded")
			}
			if fault.CodeOf(err) != fault.PresetInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestOracle: an HMAC that anybody can ask for is never the signature of an event.
func TestOracle(t *testing.T) {
	t.Parallel()
	p, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(asked)}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Compile(webhook.Verify{Preset: "acme"}, secrets([]byte("k")))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	// The signed content of an event, asked for as a challenge.
	ask := func(challenge string) (string, verify.Reason) {
		d, err := v.Verify(verify.Request{Method: "GET", Target: "/?crc=" + challenge, Header: fields{}}, now)
		if err != nil {
			return "", reason(err)
		}
		text, ok := strings.CutPrefix(string(d.Handshake.Body), `{"token":"sha256=`)
		if !ok || len(text) != 43+len(`"}`) {
			t.Fatalf("the answer is %s", d.Handshake.Body)
		}
		return text[:43], ""
	}
	if _, r := ask("1700000000.%7B%7D"); r != verify.HandshakeRefused {
		t.Errorf("a challenge that is an event: %q", r)
	}
	signature, _ := ask("1700000000.true")
	header := fields{"X-Acme": {"1700000000," + signature}}
	if _, err := v.Verify(verify.Request{Method: "POST", Target: "/", Header: header, Body: []byte("true")}, now); reason(err) != verify.BodyMalformed {
		t.Errorf("an answer to a challenge proves a body: %v", err)
	}
	mac := hmac.New(sha256.New, []byte("k"))
	mac.Write([]byte("1700000000. \r\n\t{}"))
	header = fields{"X-Acme": {"1700000000," + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}}
	if _, err := v.Verify(verify.Request{Method: "POST", Target: "/", Header: header, Body: []byte(" \r\n\t{}")}, now); err != nil {
		t.Errorf("an object behind white space: %v", err)
	}
}
