package verify_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// joined is a preset that signs several parts.
const joined = `name: acme
signature: {header: X-Acme, algorithm: sha256, encoding: hex}
signed: "TEMPLATE"
timestamp: {header: X-Acme-Time, form: seconds, tolerance: 300}
delivery: {header: X-Acme-Id}
body: object
vectors:
  - {name: none, source: computed, secrets: ["k"], want: signature.missing}
`

// TestTemplateBorders: a template whose parts run into each other does not load.
func TestTemplateBorders(t *testing.T) {
	t.Parallel()
	const (
		id      = "a character between {id} and what is beside it"
		address = "a character that no address has"
	)
	for template, want := range map[string]string{
		"{timestamp}.{id}{body}":            id,
		"{timestamp}{body}{id}":             id,
		"{body}{timestamp}{id}":             id,
		"{url}{id}{timestamp}{body}":        address,
		"{timestamp}{id}{url}{body}":        id,
		"{id}{method}.{timestamp}{body}":    id,
		"{id}.{timestamp}{url}.{body}":      address,
		"{id}.{url}{timestamp}{body}":       address,
		"{id}.{path}{timestamp}{body}":      address,
		"{id}.{timestamp}{body}/{path}":     address,
		"{id}.{timestamp}{body}{url}{path}": address,

		"{id}{timestamp}{body}":                      "",
		"{timestamp}.{id}.{body}":                    "",
		"{timestamp}{body}.{id}":                     "",
		"{id}.{timestamp}.{method}{url}{body}":       "",
		"{id}.{timestamp}{body}{path}":               "",
		"{method}|{url}|{id}|{timestamp}|{body}":     "",
		"{body}|{timestamp}|{id}|{path}":             "",
		"{method}{url}{body}{timestamp}.{id}":        "",
		"{method} {path}\\n{id}\\n{timestamp}{body}": "",
	} {
		_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(strings.Replace(joined, "TEMPLATE", template, 1))}})
		// A template that is taken fails for its vectors, of which none is accepted.
		if want == "" {
			want = "a vector that is accepted"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", template, err, want)
		}
	}
	text := strings.NewReplacer("TEMPLATE", "{id}{timestamp}{body}", "body: object\n", "").Replace(joined)
	if _, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), "body: object") {
		t.Errorf("an id in front of a timestamp, with any body: %v", err)
	}
}

// TestAddressBesideBody: an address ends where the body begins, and nowhere else.
func TestAddressBesideBody(t *testing.T) {
	t.Parallel()
	const file = `name: acme
signature: {header: X-Acme, algorithm: sha256, encoding: hex}
signed: "TEMPLATE"
vectors:
  - {name: good, source: computed, secrets: ["k"], url: "https://a.example/", target: "/", headers: ["X-Acme: SIGNATURE"], body: "{}", want: accept}
  - {name: none, source: computed, secrets: ["k"], want: signature.missing}
`
	for _, c := range []struct{ template, base string }{{"{url}{body}", "https://a.example"}, {"{path}{body}", ""}, {"{body}{url}", "https://a.example"}} {
		content := func(target, body string) string {
			return strings.NewReplacer("{url}", c.base+target, "{path}", target, "{body}", body).Replace(c.template)
		}
		text := strings.NewReplacer("TEMPLATE", c.template, "SIGNATURE", sign("k", content("/", "{}"))).Replace(file)
		p, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.Compile(webhook.Verify{Preset: "acme"}, secrets([]byte("k")))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []struct {
			target, body string
			want         verify.Reason
		}{
			{"/?x=1", `{"a":1}`, ""},
			{"/?x=1", "[1]\r\n", ""},
			{"/?x=%7B", "", ""},
			{"/?x=", "1{}1", verify.URLMalformed},
			{"/", "?x=1{}y", verify.URLMalformed},
			{`/?x={"a":1}`, "", verify.URLMalformed},
			{"/?x=\"", "{}", verify.URLMalformed},
			{"/", "a=1&b=2", verify.URLMalformed},
		} {
			header := fields{"X-Acme": {sign("k", content(r.target, r.body))}}
			req := verify.Request{Method: "POST", Target: r.target, URL: "https://a.example" + r.target, Header: header, Body: []byte(r.body)}
			if _, err := v.Verify(req, fuzzNow); reason(err) != r.want {
				t.Errorf("%s of %s and %q: %v, want %q", c.template, r.target, r.body, err, r.want)
			}
		}
	}
}
