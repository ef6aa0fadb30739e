package verify_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// asks makes a request of a sender that wants to know whether the address is ours.
func asks(method, target, body string, lines ...string) verify.Request {
	return verify.Request{Method: method, Target: target, Body: []byte(body), Header: verify.VectorHeader(lines)}
}

// outcome is the name of the handshake that is answered, or the reason of the refusal, or "" for an event.
func outcome(v *verify.Verifier, req verify.Request) string {
	d, err := v.Verify(req, fuzzNow)
	switch {
	case err != nil:
		return string(reason(err))
	case d.Handshake != nil:
		return d.Handshake.Name
	}
	return ""
}

// TestHandshakeSecret: the secret of a handshake is the option, or else one of the live secrets.
func TestHandshakeSecret(t *testing.T) {
	t.Parallel()
	p := load(t)
	ask := func(token string) verify.Request {
		return asks("GET", "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="+token, "")
	}
	i, _ := p.Info("meta")
	answered := i.Handshakes[0]
	past, future := fuzzNow.Add(-time.Second), fuzzNow.Add(time.Second)
	old, current := verify.Secret{Text: []byte("old"), NotAfter: past}, verify.Secret{Text: []byte("current"), NotAfter: future}
	m := verify.Material{Secrets: []verify.Secret{old, current}}
	v, err := p.Compile(webhook.Verify{Preset: "meta"}, m)
	if err != nil {
		t.Fatal(err)
	}
	clear(m.Secrets[1].Text) // a caller may wipe what it gave
	option, err := p.Compile(webhook.Verify{Preset: "meta", Options: webhook.Options{"verifyToken": {"mine, other"}}}, verify.Material{Secrets: []verify.Secret{{Text: []byte("current")}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		v    *verify.Verifier
		req  verify.Request
		want string
	}{
		"live secret":             {v, ask("current"), answered},
		"expired secret":          {v, ask("old"), "handshake.refused"},
		"another":                 {v, ask("currents"), "handshake.refused"},
		"empty":                   {v, ask(""), "handshake.refused"},
		"twice":                   {v, ask("current&hub.verify_token=current"), "handshake.refused"},
		"badly escaped":           {v, ask("%zz"), "handshake.refused"},
		"first of the option":     {option, ask("mine"), answered},
		"second of the option":    {option, ask("other"), answered},
		"secret beside option":    {option, ask("current"), "handshake.refused"},
		"markup as challenge":     {v, asks("GET", "/?hub.mode=subscribe&hub.verify_token=current&hub.challenge=%3Cb%3E", ""), "handshake.refused"},
		"line break in challenge": {v, asks("GET", "/?hub.mode=subscribe&hub.verify_token=current&hub.challenge=a%0D%0Ab", ""), "handshake.refused"},
		"no challenge":            {v, asks("GET", "/?hub.mode=subscribe&hub.verify_token=current", ""), "method.refused"},
		"other method":            {v, asks("PUT", "/?hub.mode=subscribe&hub.verify_token=current&hub.challenge=1", ""), "method.refused"},
		"other mode":              {v, asks("GET", "/?hub.mode=unsubscribe&hub.verify_token=current&hub.challenge=1", ""), "method.refused"},
		"mode twice":              {v, asks("GET", "/?hub.mode=subscribe&hub.mode=subscribe&hub.verify_token=current&hub.challenge=1", ""), "header.repeated"},
	} {
		if got := outcome(c.v, c.req); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestHandshakeLearns: a secret is taken from a sender only while the webhook has none, and until then
// nothing else is.
func TestHandshakeLearns(t *testing.T) {
	t.Parallel()
	p := load(t)
	const told = "b537207f20cbfa02357cf448134da559"
	empty, err := p.Compile(webhook.Verify{Preset: "asana"}, verify.Material{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := empty.Verify(asks("POST", "/", "{}", "X-Hook-Secret: "+told), fuzzNow)
	if err != nil || d.Handshake == nil || d.Handshake.Learn != told {
		t.Fatalf("%+v, %v", d.Handshake, err)
	}
	settled := compile(t, webhook.Verify{Preset: "asana"}, told)
	for name, c := range map[string]struct {
		v    *verify.Verifier
		req  verify.Request
		want string
	}{
		"event before":       {empty, asks("POST", "/", "{}", "X-Hook-Signature: "+sign("", "{}")), "verifier.unready"},
		"nothing before":     {empty, asks("POST", "/", "{}"), "verifier.unready"},
		"short secret":       {empty, asks("POST", "/", "{}", "X-Hook-Secret: abc"), "handshake.refused"},
		"strange secret":     {empty, asks("POST", "/", "{}", "X-Hook-Secret: "+strings.Repeat("<", 32)), "handshake.refused"},
		"two secrets":        {empty, asks("POST", "/", "{}", "X-Hook-Secret: "+told, "X-Hook-Secret: "+told), "header.repeated"},
		"again":              {settled, asks("POST", "/", "{}", "X-Hook-Secret: "+told), "handshake.refused"},
		"event with it":      {settled, asks("POST", "/", "{}", "X-Hook-Signature: "+sign(told, "{}")), ""},
		"event with another": {settled, asks("POST", "/", "{}", "X-Hook-Signature: "+sign("x", "{}")), "signature.mismatch"},
	} {
		if got := outcome(c.v, c.req); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestHandshakeAfterProof: Slack's challenge is answered for Slack alone, and only where it is one.
func TestHandshakeAfterProof(t *testing.T) {
	t.Parallel()
	v := compile(t, webhook.Verify{Preset: "slack"}, "k")
	ts := fmt.Sprint(fuzzNow.Unix())
	from := func(secret, body string) verify.Request {
		return asks("POST", "/", body, "X-Slack-Signature: v0="+sign(secret, "v0:", ts, ":", body), "X-Slack-Request-Timestamp: "+ts)
	}
	challenge := `{"type":"url_verification","challenge":"abc"}`
	for name, c := range map[string]struct {
		req  verify.Request
		want string
	}{
		"proven":               {from("k", challenge), "url_verification"},
		"unproven":             {asks("POST", "/", challenge), "signature.missing"},
		"proven by another":    {from("x", challenge), "signature.mismatch"},
		"escaped":              {from("k", `{"type":"url_\u0076erification","challenge":"abc"}`), ""},
		"in an inner object":   {from("k", `{"x":{"type":"url_verification","challenge":"abc"}}`), ""},
		"type twice":           {from("k", `{"type":"x","type":"url_verification","challenge":"abc"}`), ""},
		"as large as an event": {from("k", `{"type":"url_verification","challenge":"abc","x":"`+strings.Repeat("x", 16<<10)+`"}`), ""},
		"challenge is a list":  {from("k", `{"type":"url_verification","challenge":["abc"]}`), "handshake.refused"},
		"challenge is long":    {from("k", `{"type":"url_verification","challenge":"`+strings.Repeat("a", 257)+`"}`), "handshake.refused"},
		"not JSON":             {from("k", `{"type":"url_verification"`), ""},
	} {
		if got := outcome(v, c.req); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// signedGet is a preset whose handshake is a signed GET; its events are POSTs.
const signedGet = `name: acme
signature: {header: X-Acme, algorithm: sha256, encoding: hex}
signed: "{path}\n{body}"
delivery: {header: X-Id}
handshakes:
  - {name: hello, method: GET, when: [{source: "query:hello"}], answer: {text: "query:hello"}}
vectors:
  - {name: unsigned, source: computed, secrets: ["k"], method: GET, target: "/?hello=1", want: signature.missing}
  - name: hello
    source: computed
    secrets: ["k"]
    method: GET
    target: "/?hello=1"
    headers: ["X-Acme: SIGNATURE"]
    handshake: hello
    answer: "1"
    want: accept
`

// TestMethodOfHandshake: a method that only a signed handshake has makes no event, also when it is signed.
func TestMethodOfHandshake(t *testing.T) {
	t.Parallel()
	p, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(strings.Replace(signedGet, "SIGNATURE", sign("k", "/?hello=1\n"), 1))}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Compile(webhook.Verify{Preset: "acme"}, secrets([]byte("k")))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		req  verify.Request
		want string
	}{
		"handshake":        {asks("GET", "/?hello=2", "", "X-Acme: "+sign("k", "/?hello=2\n")), "hello"},
		"another address":  {asks("GET", "/?hello=3", "", "X-Acme: "+sign("k", "/?hello=2\n")), "signature.mismatch"},
		"event by GET":     {asks("GET", "/", "", "X-Acme: "+sign("k", "/\n"), "X-Id: 1"), "method.refused"},
		"event":            {asks("POST", "/", "b", "X-Acme: "+sign("k", "/\nb"), "X-Id: 1"), ""},
		"id is long":       {asks("POST", "/", "b", "X-Acme: "+sign("k", "/\nb"), "X-Id: "+strings.Repeat("1", 201)), "delivery.malformed"},
		"id has a space":   {asks("POST", "/", "b", "X-Acme: "+sign("k", "/\nb"), "X-Id: 1 2"), "delivery.malformed"},
		"id as long as is": {asks("POST", "/", "b", "X-Acme: "+sign("k", "/\nb"), "X-Id: "+strings.Repeat("1", 200)), ""},
	} {
		if got := outcome(v, c.req); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCandidates: one right signature among several is enough, wherever it stands.
func TestCandidates(t *testing.T) {
	t.Parallel()
	v := compile(t, webhook.Verify{Preset: "stripe"}, "k")
	ts := fmt.Sprint(fuzzNow.Unix())
	good, bad := "v1="+sign("k", ts, ".b"), "v1="+sign("x", ts, ".b")
	for _, list := range [][]string{{good}, {good, bad}, {bad, good}, {bad, good, bad}, {"v1=00", good}, {good, "v1="}} {
		req := asks("POST", "/", "b", "Stripe-Signature: t="+ts+","+strings.Join(list, ","))
		if got := outcome(v, req); got != "" {
			t.Errorf("%d candidates: %s", len(list), got)
		}
	}
	if got := outcome(v, asks("POST", "/", "b", "Stripe-Signature: t="+ts+","+bad+","+bad)); got != "signature.mismatch" {
		t.Errorf("none: %q", got)
	}
}

// only is a preset with one variant, which judges nothing but its own version, and whose timestamp has a
// header and a prefix of its own.
const only = `name: acme
variants:
  - when: [{source: "header:X-Version", equals: v2}]
    signature: {header: X-Acme, algorithm: sha256, encoding: hex}
    signed: "{timestamp}.{body}"
    timestamp: {header: X-Time, prefix: "t=", form: seconds, tolerance: 300}
vectors:
  - {name: none, source: computed, secrets: ["k"], want: signature.missing}
  - {name: good, source: computed, secrets: ["k"], now: 2023-11-14T22:13:20Z, headers: ["X-Version: v2", "X-Acme: SIGNATURE", "X-Time: t=1700000000"], want: accept}
`

// TestOnlyVariant: a condition holds also where there is nothing to choose from.
func TestOnlyVariant(t *testing.T) {
	t.Parallel()
	signature := sign("k", "1700000000.")
	p, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(strings.Replace(only, "SIGNATURE", signature, 1))}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Compile(webhook.Verify{Preset: "acme"}, secrets([]byte("k")))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"its version":    {[]string{"X-Version: v2", "X-Acme: " + signature, "X-Time: t=1700000000"}, ""},
		"other version":  {[]string{"X-Version: v3", "X-Acme: " + signature, "X-Time: t=1700000000"}, "signature.missing"},
		"no version":     {[]string{"X-Acme: " + signature, "X-Time: t=1700000000"}, "signature.missing"},
		"no prefix":      {[]string{"X-Version: v2", "X-Acme: " + signature, "X-Time: 1700000000"}, "timestamp.malformed"},
		"another prefix": {[]string{"X-Version: v2", "X-Acme: " + signature, "X-Time: T=1700000000"}, "timestamp.malformed"},
	} {
		if got := outcome(v, asks("POST", "/", "", c.lines...)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
