package verify_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
)

// loaded are the presets that ship; they never change, so all tests share them.
var loaded = sync.OnceValues(func() (*verify.Presets, error) { return verify.Load() })

func load(tb testing.TB) *verify.Presets {
	tb.Helper()
	p, err := loaded()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestVectors judges every vector of every preset that ships, and counts them.
func TestVectors(t *testing.T) {
	t.Parallel()
	p := load(t)
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	var all verify.Counts
	for _, name := range p.Names() {
		c := p.Count(name)
		if c.Accepted < 1 || c.Refused < 5 {
			t.Errorf("preset %s has %d vectors that are accepted and %d that are refused; 1 and 5 are needed", name, c.Accepted, c.Refused)
		}
		for _, h := range c.Unshaken {
			t.Errorf("preset %s: no vector shows the handshake %s", name, h)
		}
		for _, v := range c.Unsourced {
			t.Errorf("preset %s, vector %q: the source is neither a page nor %q", name, v, "computed")
		}
		all.Accepted += c.Accepted
		all.Refused += c.Refused
		all.Handshakes += c.Handshakes
	}
	t.Logf("%d presets: %d vectors accepted, %d refused, %d handshakes", len(p.Names()), all.Accepted, all.Refused, all.Handshakes)
}

func TestNames(t *testing.T) {
	t.Parallel()
	p := load(t)
	for _, name := range []string{"github", "hmac", "shopify", "slack", "standard-webhooks", "stripe"} {
		if _, ok := p.Info(name); !ok {
			t.Errorf("no preset %s", name)
		}
	}
	if _, ok := p.Info("gitlub"); ok {
		t.Error("an unknown preset has a description")
	}
	var names []string
	generic := []string{"hmac", "ed25519", "basic", "bearer", "api-key", "jwt", "mtls", "ip-allow-list"}
	for _, i := range p.All() {
		names = append(names, i.Name)
		if i.Summary == "" || i.Setup == "" || i.Docs == "" && !slices.Contains(generic, i.Name) {
			t.Errorf("preset %s needs summary, setup and docs", i.Name)
		}
		if len(i.Samples) == 0 {
			t.Errorf("preset %s has no sample", i.Name)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("the names are not sorted: %q", names)
	}
	if diff := cmp.Diff(names, p.Names()); diff != "" {
		t.Error(diff)
	}
}

// sound is a preset of an operator.
const sound = `name: acme
signature: {header: X-Acme, algorithm: sha256, encoding: hex}
signed: "{body}"
vectors:
  - {name: good, source: computed, secrets: ["k"], headers: ["X-Acme: c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189"], body: "x", want: accept}
  - {name: bad, source: computed, secrets: ["k"], headers: [], body: "x", want: signature.missing}
`

var unproven = strings.Replace(sound, "c38edc88", "00000000", 1)

// TestVectorsAreJudged: a foreign preset whose vectors have another verdict than they want does not load.
func TestVectorsAreJudged(t *testing.T) {
	t.Parallel()
	_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(unproven)}})
	if err == nil || !strings.Contains(err.Error(), `acme.yaml:5:5: judging the vector "good": the verdict is signature.mismatch, want accept`) {
		t.Errorf("got %v", err)
	}
	p, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(sound)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Info("acme"); !ok {
		t.Error("the foreign preset is not listed")
	}
}

// shake is a handshake in one line, with further fields.
func shake(more string) string { return "{name: ping, when: [{source: 'query:c'}], " + more + "}" }

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	change := func(old, other string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("%q is not in the sound preset", old)
		}
		return strings.Replace(sound, old, other, 1)
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"template without the body": {"acme.yaml", change(`"{body}"`, `"constant"`), "acme.yaml:3:9: the template does not contain {body}"},
		"unknown placeholder":       {"acme.yaml", change(`"{body}"`, `"{bodi}"`), `did you mean "body"?`},
		"placeholder twice":         {"acme.yaml", change(`"{body}"`, `"{body}{body}"`), "names {body} twice"},
		"open placeholder":          {"acme.yaml", change(`"{body}"`, `"{body"`), "a { without a }"},
		"unknown field":             {"acme.yaml", change("signed:", "singed:"), `acme.yaml:3:1: unknown field "singed"; did you mean "signed"?`},
		"unknown inner field":       {"acme.yaml", change("algorithm:", "algorythm:"), `acme.yaml:2:29: unknown field "algorythm"; did you mean "algorithm"?`},
		"unknown algorithm":         {"acme.yaml", change("sha256", "sha265"), `did you mean "sha256"?`},
		"unknown field in a vector": {"acme.yaml", change("want: accept", "wants: accept"), `acme.yaml:5:`},
		"field twice":               {"acme.yaml", sound + "name: acme\n", `acme.yaml:7:1: the field "name" occurs twice`},
		"header that is none":       {"acme.yaml", change("X-Acme,", "'X Acme',"), `"X Acme" is not a header name`},
		"header of the server":      {"acme.yaml", change("X-Acme,", "Content-Length,"), "belongs to the server"},
		"no header":                 {"acme.yaml", change("header: X-Acme, ", ""), "the signature has no header"},
		"timestamp not signed":      {"acme.yaml", sound + "timestamp: {header: X-T, form: seconds, tolerance: 300}\n", "does not contain {timestamp}"},
		"signed timestamp missing":  {"acme.yaml", change(`"{body}"`, `"{timestamp}{body}"`), "the preset has no timestamp"},
		"timestamp without form":    {"acme.yaml", change(`"{body}"`, `"{timestamp}{body}"`) + "timestamp: {header: X-T, tolerance: 300}\n", "needs header or field, form and tolerance"},
		"tolerance of zero":         {"acme.yaml", sound + "timestamp: {header: X-T, form: seconds, tolerance: 0}\n", "a whole number from 1"},
		"id without a header":       {"acme.yaml", change(`"{body}"`, `"{id}{body}"`), "has no delivery header"},
		"half a handshake":          {"acme.yaml", sound + "handshakes: [{name: ping}]\n", "needs name and when"},
		"alias":                     {"acme.yaml", strings.Replace(sound, "name: acme", "name: &a acme", 1), "anchors and aliases"},
		"two documents":             {"acme.yaml", sound + "---\nname: b\n", "several documents"},
		"empty":                     {"acme.yaml", "", "the file is empty"},
		"list":                      {"acme.yaml", "- a\n", "a map is needed"},
		"other file name":           {"beta.yaml", sound, `called "acme", but its file "beta"`},
		"name that ships":           {"github.yaml", strings.Replace(sound, "name: acme", "name: github", 1), `two presets are called "github"`},
		"no vectors":                {"acme.yaml", sound[:strings.Index(sound, "vectors")], `the field "vectors" is missing`},
		"only accepted vectors":     {"acme.yaml", sound[:strings.Index(sound, "  - {name: bad")], "one that is refused"},
		"vector without a source":   {"acme.yaml", change("source: computed, ", ""), "a vector needs name, source and want"},
		"scheme that is none":       {"acme.yaml", "scheme: templat\n" + sound, `did you mean "template"?`},
		"template beside a scheme":  {"acme.yaml", "scheme: basic\n" + sound, "only the scheme template has a template"},
		"token of a template":       {"acme.yaml", sound + "token: {from: \"header:X-T\"}\n", "the scheme token, and only that"},
		"token of nowhere":          {"acme.yaml", change("signature: {header: X-Acme, algorithm: sha256, encoding: hex}\nsigned: \"{body}\"", "scheme: token"), "says where its token is"},
		"digest of no template":     {"acme.yaml", change("signature: {header: X-Acme, algorithm: sha256, encoding: hex}\nsigned: \"{body}\"", "scheme: basic\ndelivery: {digest: signed}"), "take the digest of the body"},
		"header and field":          {"acme.yaml", sound + "event: {header: X-E, field: type}\n", "not by both"},
		"three names of a delivery": {"acme.yaml", sound + "delivery: {header: X-D, field: id}\n", "not by several"},
		"id in front of the body":   {"acme.yaml", change(`"{body}"`, `"{id}{body}"`) + "delivery: {header: X-D}\n", "nobody can move its end"},
		"treatment of no address":   {"acme.yaml", sound + "url: decode-hubspot\n", "does not contain {url}"},
		"GET without its address":   {"acme.yaml", sound + "methods: [GET]\n", "the query of a GET would not be proven"},
		"method that is none":       {"acme.yaml", sound + "methods: [FETCH]\n", `"FETCH" is none of`},
		"public key of an HMAC":     {"acme.yaml", sound + "secret: {form: pem}\n", "has no secret of the form pem"},
		"setting that is none":      {"acme.yaml", sound + "settings: [headers]\n", `did you mean "header"?`},
		"star in a field":           {"acme.yaml", sound + "event: {field: a.*}\n", "a * is not allowed here"},
		"empty part of a path":      {"acme.yaml", sound + "event: {field: a..b}\n", "an empty part"},
		"path that is long":         {"acme.yaml", sound + "event: {field: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a}\n", "more than 16 parts"},
		"flag that is a text":       {"acme.yaml", sound + "off: yes please\n", "true or false is needed"},
		"samples that are a list":   {"acme.yaml", sound + "samples: [a]\n", "a map is needed here"},
		"sample twice":              {"acme.yaml", sound + "samples: {a: x, a: y}\n", "occurs twice"},
		"sample that is an alias":   {"acme.yaml", sound + "samples: {a: &x y}\n", "anchors and aliases"},
		"handshakes as a map":       {"acme.yaml", sound + "handshakes: {a: b}\n", "a list is needed here"},
		"two of one name":           {"acme.yaml", sound + "handshakes: [" + shake("proof: none") + ", " + shake("proof: none") + "]\n", "two handshakes are called"},
		"secret of no proof":        {"acme.yaml", sound + "handshakes: [" + shake("proof: none, secret: {source: 'query:t'}") + "]\n", "the proofs secret and listed, and only these"},
		"proof without its secret":  {"acme.yaml", sound + "handshakes: [" + shake("proof: secret") + "]\n", "the proofs secret and listed, and only these"},
		"HMAC for anybody":          {"acme.yaml", sound + "handshakes: [" + shake("proof: none, answer: {text: {hmac: hex, of: 'query:c'}}") + "]\n", "makes an HMAC for anybody"},
		"HMAC without a secret":     {"acme.yaml", change("sha256", "ed25519") + "handshakes: [" + shake("answer: {text: {hmac: hex, of: 'query:c'}}") + "]\n", "no proof of the preset has a secret"},
		"markup in JSON":            {"acme.yaml", sound + "handshakes: [" + shake("answer: {chars: printable, fields: {a: 'query:c'}}") + "]\n", "for text/plain alone"},
		"text of a JSON answer":     {"acme.yaml", sound + "handshakes: [" + shake("answer: {type: application/json, text: 'query:c'}") + "]\n", "has fields"},
		"status of a failure":       {"acme.yaml", sound + "handshakes: [" + shake("answer: {status: 302}") + "]\n", "a whole number from 200 to 299"},
		"header of the answer":      {"acme.yaml", sound + "handshakes: [" + shake("answer: {headers: {Connection: {value: close}}}") + "]\n", "belongs to the server"},
		"value of two kinds":        {"acme.yaml", sound + "handshakes: [" + shake("answer: {text: {value: a, of: 'query:c'}}") + "]\n", "a value is a source"},
		"variant of its own scheme": {"acme.yaml", "variants: [{scheme: basic}]\nname: acme\nvectors: []\n", "a variant is a template or a token"},
		"signature beside variants": {"acme.yaml", sound + "variants: [{scheme: token, token: {from: 'header:X-T'}}]\n", `says "signature" in each of them`},
		"settings of variants":      {"acme.yaml", "variants: [{scheme: token, token: {from: 'header:X-T'}}]\nname: acme\nsettings: [header]\nvectors: []\n", `cannot take "header"`},
		"vectors as a map":          {"acme.yaml", sound[:strings.Index(sound, "vectors")] + "vectors: {a: b}\n", "a list is needed here"},
		"two lists of vectors":      {"acme.yaml", sound + "vectors: []\n", `unknown field "vectors"`},
		"peer that is none":         {"acme.yaml", change("want: accept", "peer: here, want: accept"), "an address is needed here"},
		"time that is none":         {"acme.yaml", change("want: accept", "now: noon, want: accept"), "an RFC 3339 time"},
		"header without a colon":    {"acme.yaml", change("X-Acme: ", "X-Acme "), "has no colon"},
		"vector with a bad setting": {"acme.yaml", change("want: accept", "settings: {issuer: x}, want: accept"), "does not take this parameter"},
		"vector with another id":    {"acme.yaml", change("want: accept", "delivery: x, want: accept"), `the delivery is "", want "x"`},
		"vector with a handshake":   {"acme.yaml", change("want: accept", "handshake: x, want: accept"), `the handshake is "", want "x"`},
		"certificate that is none":  {"acme.yaml", change("want: accept", "certificates: [x], want: accept"), "a certificate is not PEM"},
		"too large":                 {"acme.yaml", sound + strings.Repeat("#", 300<<10), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify.Load(fstest.MapFS{c.file: {Data: []byte(c.text)}})
			if err == nil {
				t.Fatal("loaded")
			}
			if fault.CodeOf(err) != fault.PresetInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
