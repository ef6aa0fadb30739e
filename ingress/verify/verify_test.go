package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

type fields map[string][]string

func (f fields) Field(name string) ([]byte, int) {
	v := f[textproto.CanonicalMIMEHeaderKey(name)]
	if len(v) == 0 {
		return nil, 0
	}
	return []byte(v[0]), len(v)
}

func (f fields) Values(name string) [][]byte {
	var out [][]byte
	for _, v := range f[textproto.CanonicalMIMEHeaderKey(name)] {
		out = append(out, []byte(v))
	}
	return out
}

// secrets is the material of a webhook that has only secrets, which never end.
func secrets(texts ...[]byte) verify.Material {
	var m verify.Material
	for _, t := range texts {
		m.Secrets = append(m.Secrets, verify.Secret{Text: t})
	}
	return m
}

func sign(secret string, parts ...string) string {
	m := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil))
}

func reason(err error) verify.Reason {
	var r *verify.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func compile(tb testing.TB, settings webhook.Verify, texts ...string) *verify.Verifier {
	tb.Helper()
	raw := make([][]byte, len(texts))
	for i, s := range texts {
		raw[i] = []byte(s)
	}
	v, err := load(tb).Compile(settings, secrets(raw...))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// TestEveryByteCounts: no request with one changed byte, in body or signature, is accepted.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	v := compile(t, webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, "k")
	body, sig := "The quick brown fox", sign("k", "The quick brown fox")
	judge := func(sig, body string) error {
		_, err := v.Verify(verify.Request{Method: "POST", Header: fields{"X-Sig": {sig}}, Body: []byte(body)}, time.Now())
		return err
	}
	if err := judge(sig, body); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		for bit := range 8 {
			b := []byte(body)
			b[i] ^= 1 << bit
			if judge(sig, string(b)) == nil {
				t.Fatalf("accepted with bit %d of byte %d changed", bit, i)
			}
		}
	}
	for i := range sig {
		for c := range 256 {
			b := []byte(sig)
			if b[i] = byte(c); strings.EqualFold(string(b), sig) {
				continue
			}
			if judge(string(b), body) == nil {
				t.Fatalf("accepted with byte %d of the signature as %#x", i, c)
			}
		}
	}
}

// TestWireBytes: the proof is over the bytes as they came, also where they are not text.
func TestWireBytes(t *testing.T) {
	t.Parallel()
	v := compile(t, webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, "k")
	for _, body := range []string{"", "\xff\x00\r\n", "\x1f\x8b\x08", "{\"a\": 1}\r\n"} {
		h := fields{"X-Sig": {sign("k", body)}}
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: []byte(body)}, time.Now()); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 8 {
		texts = append(texts, fmt.Sprint("secret ", i))
	}
	v := compile(t, webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, texts...)
	for _, s := range texts {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: fields{"X-Sig": {sign(s, "b")}}, Body: []byte("b")}, time.Now()); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := v.Verify(verify.Request{Method: "POST", Header: fields{"X-Sig": {sign("secret 8", "b")}}, Body: []byte("b")}, time.Now()); reason(err) != verify.SignatureMismatch {
		t.Errorf("a ninth secret: %v", err)
	}
}

// TestDelivery: a replay has the name of the first request, another request has another one.
func TestDelivery(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	stamped := func(v *verify.Verifier, at int64, body string) verify.Delivery {
		t.Helper()
		ts := fmt.Sprint(at)
		h := fields{"Stripe-Signature": {"t=" + ts + ",v1=" + sign("k", ts, ".", body)}}
		d, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: []byte(body)}, now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	v := compile(t, webhook.Verify{Preset: "stripe"}, "k")
	first := stamped(v, now.Unix(), "a")
	if first.ID == "" || first.Window != 24*time.Hour {
		t.Errorf("delivery = %+v", first)
	}
	if again := stamped(v, now.Unix()-5, "a"); again != first {
		t.Errorf("repeated by the sender: %+v, want %+v", again, first)
	}
	if other := stamped(v, now.Unix(), "b"); other.ID == first.ID {
		t.Error("two deliveries have one name")
	}
	wide := compile(t, webhook.Verify{Preset: "stripe", Tolerance: 86_400}, "k")
	if d := stamped(wide, now.Unix(), "a"); d.Window != 48*time.Hour {
		t.Errorf("window = %v", d.Window)
	}
	plain := compile(t, webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, "k")
	if d, err := plain.Verify(verify.Request{Method: "POST", Header: fields{"X-Sig": {sign("k", "")}}}, now); err != nil || d != (verify.Delivery{}) {
		t.Errorf("a scheme that names no delivery: %+v, %v", d, err)
	}
}

// TestVerifyAllocates: accepting costs the delivery's name, refusing nothing.
func TestVerifyAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes what a pool keeps")
	}
	v := compile(t, webhook.Verify{Preset: "github"}, "k")
	body := []byte(strings.Repeat("x", 1024))
	h := &fixed{sig: []byte("sha256=" + sign("k", string(body))), id: []byte("72d3162e")}
	now := time.Now()
	if n := testing.AllocsPerRun(200, func() {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: body}, now); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("accepting: %v allocations", n)
	}
	h.sig[10] ^= 1
	if n := testing.AllocsPerRun(200, func() {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: body}, now); err == nil {
			t.Fatal("accepted")
		}
	}); n > 0 {
		t.Errorf("refusing: %v allocations", n)
	}
}

type fixed struct{ sig, id []byte }

func (f *fixed) Field(name string) ([]byte, int) {
	switch name {
	case "X-Hub-Signature-256":
		return f.sig, 1
	case "X-GitHub-Delivery":
		return f.id, 1
	}
	return nil, 0
}

func (f *fixed) Values(string) [][]byte { return nil }

func BenchmarkVerify1KB(b *testing.B) {
	v := compile(b, webhook.Verify{Preset: "github"}, "k")
	body := []byte(strings.Repeat("x", 1024))
	h := &fixed{sig: []byte("sha256=" + sign("k", string(body))), id: []byte("72d3162e")}
	now := time.Now()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: body}, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuse1KB(b *testing.B) {
	v := compile(b, webhook.Verify{Preset: "github"}, "k")
	body := []byte(strings.Repeat("x", 1024))
	h := &fixed{sig: []byte("sha256=" + sign("other", string(body))), id: []byte("72d3162e")}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: body}, now); err == nil {
			b.Fatal("accepted")
		}
	}
}

// TestLabels: names are found where a body has them, and nothing breaks where it does not.
func TestLabels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, at, want string }{
		{`{"type":"a"}`, "type", "a"},
		{` { "x" : [ { "type" : "no" } ] , "type" : "a" } `, "type", "a"},
		{`{"type":"orders\/create"}`, "type", "orders/create"},
		{`{"x\"type":"no","type":"a\\"}`, "type", `a\`},
		{`{"event":{"x":{"type":"no"},"type":"a"}}`, "event.type", "a"},
		{`[{"type":"a"},{"type":"b"}]`, "1.type", "b"},
		{`{"type":12}`, "type", "12"},
		{`{"type":-1.5e3,"x":1}`, "type", "-1.5e3"},
		{`{"type":null}`, "type", ""},
		{`{"type":{"a":1}}`, "type", ""},
		{`{"a":1}`, "type", ""},
		{`["type"]`, "type", ""},
		{`{"type":"a`, "other", ""},
		{`{"type"`, "type", ""},
		{`{"type":`, "type", ""},
		{`{"type":"`, "type", ""},
		{`{"a":"\`, "type", ""},
		{`{"a":[[[`, "type", ""},
		{`{`, "type", ""},
		{``, "type", ""},
		{`type=a`, "type", ""},
	} {
		if got := verify.Label([]byte(c.body), c.at); got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.body, c.at, got, c.want)
		}
	}
}
