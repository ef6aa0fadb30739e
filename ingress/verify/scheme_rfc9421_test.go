package verify_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func messageSettings(options webhook.Options) webhook.Verify {
	return webhook.Verify{Preset: "rfc9421", Options: options}
}

// signedMessage is a request that Sign made, with the settings and material that judge it.
func signedMessage(tb testing.TB, w webhook.Verify, m verify.Material, private []byte, change func(o *verify.Outgoing)) verify.Request {
	tb.Helper()
	o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t?a=1", Now: schemeNow, PrivateKey: private, Body: []byte(`{"a":1}`)}
	if change != nil {
		change(&o)
	}
	if err := load(tb).Sign(w, m, &o); err != nil {
		tb.Fatal(err)
	}
	return requestOf(o)
}

func TestMessageSettings(t *testing.T) {
	t.Parallel()
	ed := keyPairs()["Ed25519"]
	for name, c := range map[string]struct {
		options   webhook.Options
		material  verify.Material
		parameter string
		want      string
	}{
		"no key":                   {nil, verify.Material{}, "keys", "needs a public key or a secret"},
		"private key":              {nil, pinned(ed.secret), "keys", "a private key stands"},
		"unknown component":        {webhook.Options{"requiredComponents": {"@host"}}, pinned(ed.public), "requiredComponents", "is no component"},
		"component of a response":  {webhook.Options{"requiredComponents": {"@status"}}, pinned(ed.public), "requiredComponents", "is no component"},
		"component in capitals":    {webhook.Options{"requiredComponents": {"Date"}}, pinned(ed.public), "requiredComponents", "in lower case"},
		"empty component":          {webhook.Options{"requiredComponents": {"@method,,date"}}, pinned(ed.public), "requiredComponents", "empty"},
		"component with a quote":   {webhook.Options{"requiredComponents": {`"date"`}}, pinned(ed.public), "requiredComponents", "is no component"},
		"JOSE name of a signature": {webhook.Options{"algorithms": {"EdDSA"}}, pinned(ed.public), "algorithms", "no algorithm of RFC 9421"},
		"key of no algorithm":      {webhook.Options{"algorithms": {"rsa-pss-sha512"}}, pinned(ed.public), "keys", "no key fits"},
		"nine keys without a name": {nil, pinned(bytes.Repeat(ed.public, 9)), "keys", "more than 8 keys"},
		"P-521":                    {nil, pinned(keyPairs()["P-521"].public), "keys", "no key fits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := load(t).Compile(messageSettings(c.options), c.material)
			if err == nil || v != nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestMessageSigned: what Sign makes with each kind of key is accepted, and by no other key.
func TestMessageSigned(t *testing.T) {
	t.Parallel()
	keys := keyPairs()
	for name, c := range map[string]struct {
		options webhook.Options
		m       verify.Material
		private []byte
		keyid   string
	}{
		"rsa-pss-sha512":    {nil, pinned(keys["RSA"].public), keys["RSA"].secret, ""},
		"rsa-v1_5-sha256":   {nil, pinned(keys["RSA"].jwk(t, map[string]string{"alg": "RS256", "kid": "r"})), keys["RSA"].secret, "r"},
		"ecdsa-p256-sha256": {nil, pinned(keys["P-256"].public), keys["P-256"].secret, ""},
		"ecdsa-p384-sha384": {nil, pinned(keys["P-384"].public), keys["P-384"].secret, ""},
		"ed25519":           {nil, pinned(keys["P-256"].jwk(t, map[string]string{"kid": "p"}), keys["Ed25519"].jwk(t, map[string]string{"kid": "e"})), keys["Ed25519"].secret, "e"},
		"hmac-sha256":       {nil, secrets([]byte("correct horse")), nil, ""},
		"hmac of base64":    {nil, secrets([]byte(rfcSecret)), nil, ""},
		"own components":    {webhook.Options{"requiredComponents": {"@method", "@scheme", "@authority", "@path", "@query", "content-type", "content-digest"}}, pinned(keys["P-256"].public), keys["P-256"].secret, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := messageSettings(c.options)
			named := func(o *verify.Outgoing) { o.ID = "n-1" }
			req := signedMessage(t, w, c.m, c.private, named)
			if got := req.Header.(fields)["Signature-Input"][0]; (c.keyid != "") != strings.Contains(got, `;keyid="`+c.keyid+`"`) {
				t.Errorf("the input is %s", got)
			}
			v := compileWith(t, w, c.m)
			d, err := v.Verify(req, schemeNow)
			if err != nil || d.ID != "n-1" || d.Window != 24*time.Hour {
				t.Fatalf("%+v, %v", d, err)
			}
			for what, m := range map[string]verify.Material{"key": pinned(keys["another Ed25519"].public), "secret": secrets([]byte("another"))} {
				if _, err := compileWith(t, w, m).Verify(req, schemeNow); reason(err) == "" {
					t.Errorf("accepted with another %s: %v", what, err)
				}
			}
			req.Body = []byte(`{"a":2}`)
			if _, err := v.Verify(req, schemeNow); reason(err) != verify.DigestMismatch {
				t.Errorf("another body: %v", err)
			}
		})
	}
}

// TestMessageUnnamedKey: a signature without keyid is judged when there is nothing to choose from.
func TestMessageUnnamedKey(t *testing.T) {
	t.Parallel()
	a, b := keyPairs()["Ed25519"], keyPairs()["another Ed25519"]
	named := func(k keyPair, id string) []byte { return k.jwk(t, map[string]string{"kid": id}) }
	w := messageSettings(nil)
	req := signedMessage(t, w, verify.Material{}, a.secret, nil)
	for name, c := range map[string]struct {
		m    verify.Material
		want verify.Reason
	}{
		"one key with a name":            {pinned(named(a, "a")), ""},
		"two keys without names":         {pinned(b.public, a.public), ""},
		"two keys with names":            {pinned(named(b, "b"), named(a, "a")), verify.KeyUnknown},
		"one of two has a name":          {pinned(named(b, "b"), a.public), verify.KeyUnknown},
		"a secret beside a key":          {verify.Material{Keys: [][]byte{a.public}, Secrets: secrets([]byte("x")).Secrets}, ""},
		"a secret beside a key's name":   {verify.Material{Keys: [][]byte{named(a, "a")}, Secrets: secrets([]byte("x")).Secrets}, verify.KeyUnknown},
		"another key without a name":     {pinned(b.public), verify.SignatureMismatch},
		"another key, and it has a name": {pinned(named(b, "b")), verify.SignatureMismatch},
	} {
		if _, err := compileWith(t, w, c.m).Verify(req, schemeNow); reason(err) != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestMessageEveryByte: no byte of the two headers can be changed, but for white space that means nothing.
func TestMessageEveryByte(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	w := messageSettings(nil)
	req := signedMessage(t, w, verify.Material{}, k.secret, func(o *verify.Outgoing) { o.ID = "n-1" })
	v := compileWith(t, w, pinned(k.public))
	h := req.Header.(fields)
	for _, name := range []string{"Signature-Input", "Signature", "Content-Digest"} {
		good := h[name][0]
		for i := range good {
			for _, c := range []byte{good[i] ^ 1, good[i] ^ 0x20, ' ', ';', '"', ':', '=', 'A', 0, '\n'} {
				b := []byte(good)
				if b[i] = c; verify.Squeeze(string(b)) == verify.Squeeze(good) {
					continue
				}
				changed := fields{}
				for n, values := range h {
					changed[n] = values
				}
				changed[name] = []string{string(b)}
				other := req
				other.Header = changed
				if _, err := v.Verify(other, schemeNow); reason(err) == "" {
					t.Fatalf("%s: accepted with byte %d of %q as %q: %v", name, i, good, c, err)
				}
			}
		}
	}
}

// TestMessageAddress: what the request says about its host changes nothing, and a changed address everything.
func TestMessageAddress(t *testing.T) {
	t.Parallel()
	k := keyPairs()["P-256"]
	w := messageSettings(nil)
	v := compileWith(t, w, pinned(k.public))
	req := signedMessage(t, w, verify.Material{}, k.secret, nil)
	h := req.Header.(fields)
	for _, name := range []string{"Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"} {
		h[name] = []string{"evil.example"}
	}
	if _, err := v.Verify(req, schemeNow); err != nil {
		t.Errorf("with a strange host: %v", err)
	}
	for _, url := range []string{
		"http://hooks.example.com/hooks/t?a=1", "https://evil.example/hooks/t?a=1", "https://hooks.example.com/hooks/u?a=1",
		"https://hooks.example.com/hooks/t?a=2", "https://hooks.example.com/hooks/t", "https://hooks.example.com:8443/hooks/t?a=1",
	} {
		other := req
		other.URL = url
		if _, err := v.Verify(other, schemeNow); reason(err) != verify.SignatureMismatch {
			t.Errorf("%s: %v", url, err)
		}
	}
	for method, want := range map[string]verify.Reason{http.MethodPut: verify.SignatureMismatch, "post": verify.MethodRefused, http.MethodHead: verify.MethodRefused} {
		other := req
		other.Method = method
		if _, err := v.Verify(other, schemeNow); reason(err) != want {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestMessageName: two signatures of one moment over different contents are two deliveries, and the second
// signature that ECDSA allows for one content is none.
func TestMessageName(t *testing.T) {
	t.Parallel()
	k := keyPairs()["P-256"]
	w := messageSettings(webhook.Options{"requiredComponents": {"@method", "@target-uri", "content-digest"}})
	v := compileWith(t, w, pinned(k.public))
	id := func(body string) string {
		t.Helper()
		req := signedMessage(t, w, verify.Material{}, k.secret, func(o *verify.Outgoing) { o.Body, o.ID = []byte(body), "a name with spaces" })
		d, err := v.Verify(req, schemeNow)
		if err != nil {
			t.Fatal(err)
		}
		return d.ID
	}
	if a, again, b := id("a"), id("a"), id("b"); !strings.HasPrefix(a, "signed:") || a != again || a == b {
		t.Errorf("%s, %s, %s", a, again, b)
	}
}

// FuzzSignatureInput: no pair of headers panics, and none is accepted but the two that were made, however
// their white space is changed and whatever else is beside them.
func FuzzSignatureInput(f *testing.F) {
	k := keyPairs()["Ed25519"]
	w := messageSettings(nil)
	req := signedMessage(f, w, verify.Material{}, k.secret, func(o *verify.Outgoing) { o.ID = "n-1" })
	v := compileWith(f, w, pinned(k.jwk(f, map[string]string{"kid": "k-1"})))
	h := req.Header.(fields)
	input, signature := h["Signature-Input"][0], h["Signature"][0]
	if _, err := v.Verify(req, schemeNow); err != nil {
		f.Fatal(err)
	}
	f.Add(input, signature)
	f.Add(input+", "+strings.Replace(input, "sig1", "sig2", 1), signature+", sig2=:AAAA:")
	f.Add(`sig1=("@method" "@query-param";name="a" "x";sf;key="y";bs);created=1700000000;expires=1;alg="ed25519";keyid="\"";tag=token`, signature)
	f.Add(`a=1, b=(), c;d=?0, e=@1700000000, f=%"x"`, "a=::")
	params := verify.Squeeze(strings.TrimPrefix(input, "sig1="))
	f.Fuzz(func(t *testing.T, input, signature string) {
		other := req
		other.Header = fields{"Content-Digest": h["Content-Digest"], "Signature-Input": {input}, "Signature": {signature}}
		_, err := v.Verify(other, schemeNow)
		if err != nil {
			if reason(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		if !strings.Contains(verify.Squeeze(input), params) || !strings.Contains(signature, strings.TrimPrefix(h["Signature"][0], "sig1=")) {
			t.Fatal("accepted without the signature")
		}
	})
}

func BenchmarkMessage(b *testing.B) {
	keys := keyPairs()
	for name, c := range map[string]struct {
		m       verify.Material
		private []byte
	}{
		"rsa-pss-sha512": {pinned(keys["RSA"].jwk(b, map[string]string{"alg": "PS512"})), keys["RSA"].secret},
		"ecdsa-p256":     {pinned(keys["P-256"].public), keys["P-256"].secret},
		"ed25519":        {pinned(keys["Ed25519"].public), keys["Ed25519"].secret},
		"hmac-sha256":    {secrets([]byte(base64.StdEncoding.EncodeToString([]byte("key")))), nil},
	} {
		b.Run(name, func(b *testing.B) {
			w := messageSettings(nil)
			req := signedMessage(b, w, c.m, c.private, func(o *verify.Outgoing) { o.Body = []byte(strings.Repeat("x", 1024)) })
			v := compileWith(b, w, c.m)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(req, schemeNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
