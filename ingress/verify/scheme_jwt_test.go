package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	jwtIssuer   = "https://issuer.example"
	jwtAudience = "https://hooks.example.com"
	jwtKeySet   = "https://issuer.example/jwks.json"
	longSecret  = "a shared secret of 32 characters"
)

func jwtSettings(more webhook.Options) webhook.Verify {
	o := webhook.Options{"issuer": {jwtIssuer}, "audience": {jwtAudience}}
	maps.Copy(o, more)
	return webhook.Verify{Preset: "jwt", Options: o}
}

// jwtToken is a token as another implementation makes it.
func jwtToken(tb testing.TB, algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	tb.Helper()
	if id != "" {
		key = jose.JSONWebKey{Key: key, KeyID: id}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string]any{"iss": jwtIssuer, "aud": jwtAudience, "exp": schemeNow.Add(time.Minute).Unix(), "jti": "d-1"}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	token, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func bearer(token string) verify.Request {
	return verify.Request{Method: http.MethodPost, Header: fields{"Authorization": {"Bearer " + token}}, Body: []byte("{}")}
}

func compileWith(tb testing.TB, w webhook.Verify, m verify.Material) *verify.Verifier {
	tb.Helper()
	v, err := load(tb).Compile(w, m)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestJWTSettings(t *testing.T) {
	t.Parallel()
	ed := keyPairs()["Ed25519"]
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // refused for its size
	if err != nil {
		t.Fatal(err)
	}
	hs := func(o webhook.Options) webhook.Options {
		out := webhook.Options{"algorithms": {"HS256"}}
		maps.Copy(out, o)
		return out
	}
	private := newKeyPair(weak, nil)
	for name, c := range map[string]struct {
		options   webhook.Options
		material  verify.Material
		parameter string
		want      string
	}{
		"no issuer":                  {webhook.Options{"issuer": nil}, pinned(ed.public), "issuer", "a value is empty"},
		"empty audience":             {webhook.Options{"audience": {""}}, pinned(ed.public), "audience", "a value is empty"},
		"no key":                     {nil, verify.Material{}, "keys", "needs a public key"},
		"none":                       {webhook.Options{"algorithms": {"none"}}, pinned(ed.public), "algorithms", `"none" is none of`},
		"unknown algorithm":          {webhook.Options{"algorithms": {"RS1"}}, pinned(ed.public), "algorithms", `"RS1" is none of`},
		"secret without HS256":       {nil, secrets([]byte(longSecret)), "secrets", "name HS256"},
		"public key as secret":       {nil, secrets(ed.public), "secrets", "name HS256"},
		"HS256 without a secret":     {hs(nil), pinned(ed.public), "secrets", "needs a secret"},
		"HS256 with a short secret":  {hs(nil), secrets([]byte(longSecret[1:])), "secrets", "32 bytes or more"},
		"HS512 with a short secret":  {hs(webhook.Options{"algorithms": {"HS256", "HS512"}}), secrets([]byte(longSecret)), "secrets", "HS512 has 64 bytes or more"},
		"HS256 alone and a key":      {hs(nil), verify.Material{Secrets: secrets([]byte(longSecret)).Secrets, Keys: [][]byte{ed.public}}, "keys", "uses a public key"},
		"key of no algorithm":        {webhook.Options{"algorithms": {"RS256"}}, pinned(ed.public), "keys", "no key fits"},
		"private key":                {nil, pinned(ed.secret), "keys", "a private key stands"},
		"weak RSA key":               {nil, pinned(private.public), "keys", "less than 2048 bits"},
		"weak RSA key in a set":      {nil, pinned(private.jwk(t, nil)), "keys", "less than 2048 bits"},
		"key on another curve":       {nil, pinned([]byte(secp224)), "keys", "neither RSA"},
		"half a PEM":                 {nil, pinned([]byte("-----BEGIN PUBLIC KEY-----\nMCow")), "keys", "not whole PEM"},
		"PEM of something else":      {nil, pinned(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte{1}})), "keys", "another kind"},
		"no key at all":              {nil, pinned([]byte("ssh-ed25519 AAAA")), "keys", "neither PEM"},
		"set of secrets":             {nil, pinned([]byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)), "keys", "shared secret"},
		"set with a private key":     {nil, pinned(ed.jwk(t, map[string]string{"d": "AAAA"})), "keys", "private key"},
		"set with a broken key":      {nil, pinned([]byte(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`)), "keys", "malformed"},
		"set with a name twice":      {nil, pinned([]byte(`{"keys":[],"keys":[]}`)), "keys", "a name twice"},
		"empty set":                  {nil, pinned([]byte(`{"keys":[]}`)), "keys", "no public key for signatures"},
		"key for encryption":         {nil, pinned(ed.jwk(t, map[string]string{"use": "enc"})), "keys", "no public key for signatures"},
		"key set over plain HTTP":    {webhook.Options{"jwksUrl": {"http://issuer.example/jwks"}}, verify.Material{}, "jwksUrl", "https://"},
		"key set with a user":        {webhook.Options{"jwksUrl": {"https://a:b@issuer.example/jwks"}}, verify.Material{}, "jwksUrl", "https://"},
		"header of the server":       {webhook.Options{"header": {"Host"}}, pinned(ed.public), "header", "belongs to the server"},
		"option of another preset":   {webhook.Options{"topicArns": {"x"}}, pinned(ed.public), "topicArns", "does not take"},
		"tolerance of two days":      {nil, pinned(ed.public), "tolerance", "a tolerance is"},
		"key with a key_ops to sign": {nil, pinned([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["sign"]}`)), "keys", "no public key for signatures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := jwtSettings(c.options)
			if name == "tolerance of two days" {
				w.Tolerance = 2 * 86_400
			}
			v, err := load(t).Compile(w, c.material)
			if err == nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Fatalf("got %v", err)
			}
			if v != nil {
				t.Error("there is a verifier")
			}
			if strings.Contains(err.Error(), longSecret[2:20]) || strings.Contains(err.Error(), "MC4CAQ") {
				t.Errorf("the fault quotes a secret: %v", err)
			}
		})
	}
}

// secp224 is a key on a curve that no algorithm uses.
const secp224 = `-----BEGIN PUBLIC KEY-----
ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAEeNvaXl26QSx538LJ771CamrtzenTOOUL
rVlHW+Q26iB8T1H7r7gDZehDFUkxRQ0AehUmdpILYGQ=
-----END PUBLIC KEY-----
`

// TestJWTAlgorithms: what another implementation signs with each algorithm is accepted where it is listed, by
// the right key alone, and refused where it is not.
func TestJWTAlgorithms(t *testing.T) {
	t.Parallel()
	keys := keyPairs()
	for algorithm, kind := range map[jose.SignatureAlgorithm]string{
		"RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
		"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519",
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			k := keys[kind]
			token := jwtToken(t, algorithm, k.private, "k-1", nil)
			listed := jwtSettings(webhook.Options{"algorithms": {string(algorithm), "ES256", "EdDSA"}})
			for what, m := range map[string]verify.Material{
				"PEM": pinned(k.public), "JWK": pinned(k.jwk(t, map[string]string{"kid": "k-1"})),
				"JWK with alg": pinned(k.jwk(t, map[string]string{"kid": "k-1", "alg": string(algorithm), "use": "sig"})),
			} {
				d, err := compileWith(t, listed, m).Verify(bearer(token), schemeNow)
				if err != nil || d.ID != "d-1" {
					t.Errorf("%s: %+v, %v", what, d, err)
				}
			}
			other := keys["another P-256"].jwk(t, map[string]string{"kid": "k-2"})
			v := compileWith(t, listed, pinned(other, k.jwk(t, map[string]string{"kid": "k-1"})))
			if _, err := v.Verify(bearer(token), schemeNow); err != nil {
				t.Errorf("among two keys: %v", err)
			}
			v = compileWith(t, listed, pinned(other))
			if _, err := v.Verify(bearer(token), schemeNow); reason(err) != verify.KeyUnknown {
				t.Errorf("another key: %v", err)
			}
			unlisted := "ES384"
			if algorithm == "ES384" {
				unlisted = "ES256"
			}
			v = compileWith(t, jwtSettings(webhook.Options{"algorithms": {unlisted}}), pinned(keys["P-256"].public, keys["P-384"].public))
			if _, err := v.Verify(bearer(token), schemeNow); reason(err) != verify.AlgorithmRefused {
				t.Errorf("where it is not listed: %v", err)
			}
		})
	}
}

// TestJWTKeyConfusion: no public key in any writing is a secret for HS256.
func TestJWTKeyConfusion(t *testing.T) {
	t.Parallel()
	k := keyPairs()["RSA"]
	v := compileWith(t, jwtSettings(webhook.Options{"algorithms": {"RS256", "HS256"}}),
		verify.Material{Keys: [][]byte{k.public}, Secrets: secrets([]byte(longSecret)).Secrets})
	block, _ := pem.Decode(k.public)
	for name, secret := range map[string][]byte{
		"PEM": k.public, "PEM without its end": []byte(strings.TrimSpace(string(k.public))), "DER": block.Bytes,
		"JWK": k.jwk(t, nil), "modulus": k.private.Public().(*rsa.PublicKey).N.Bytes(),
	} {
		token := jwtToken(t, jose.HS256, secret, "", nil)
		if _, err := v.Verify(bearer(token), schemeNow); reason(err) != verify.SignatureMismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.Verify(bearer(jwtToken(t, jose.HS256, []byte(longSecret), "", nil)), schemeNow); err != nil {
		t.Errorf("the secret itself: %v", err)
	}
}

// TestJWTEveryByte: no token with one changed byte is accepted.
func TestJWTEveryByte(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	v := compileWith(t, jwtSettings(nil), pinned(k.public))
	token := jwtToken(t, jose.EdDSA, k.private, "", nil)
	if _, err := v.Verify(bearer(token), schemeNow); err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for _, c := range []byte{token[i] ^ 1, token[i] ^ 0x20, 'A', '_', '=', '.', '\n', ' ', 0} {
			b := []byte(token)
			if b[i] = c; string(b) == token {
				continue
			}
			if _, err := v.Verify(bearer(string(b)), schemeNow); reason(err) == "" {
				t.Fatalf("accepted with byte %d as %#x: %v", i, c, err)
			}
		}
	}
}

// TestJWTNames: a token names one delivery; without jti the token and the body do.
func TestJWTNames(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	v := compileWith(t, jwtSettings(nil), pinned(k.public))
	judge := func(claims map[string]any, body string) verify.Delivery {
		t.Helper()
		req := bearer(jwtToken(t, jose.EdDSA, k.private, "", claims))
		req.Body = []byte(body)
		d, err := v.Verify(req, schemeNow)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := judge(nil, "a"); d.ID != "d-1" || d.Window != 24*time.Hour {
		t.Errorf("%+v", d)
	}
	unnamed := map[string]any{"jti": nil}
	first, again, other := judge(unnamed, "a"), judge(unnamed, "a"), judge(unnamed, "b")
	if first.ID == "" || first != again || first.ID == other.ID {
		t.Errorf("%+v, %+v, %+v", first, again, other)
	}
	if d := judge(map[string]any{"jti": "with a space"}, "a"); !strings.HasPrefix(d.ID, "token:") {
		t.Errorf("%+v", d)
	}
	if d := judge(map[string]any{"exp": schemeNow.Add(72 * time.Hour).Unix()}, "a"); d.Window != 72*time.Hour+time.Minute {
		t.Errorf("a token that lives long: %+v", d)
	}
	if d := judge(map[string]any{"exp": int64(253_402_300_799)}, "a"); d.Window != 30*24*time.Hour {
		t.Errorf("a token that lives for ever: %+v", d)
	}
}

// TestJWTSigned: what Sign makes is accepted.
func TestJWTSigned(t *testing.T) {
	t.Parallel()
	p := load(t)
	keys := keyPairs()
	for name, c := range map[string]struct {
		options webhook.Options
		m       verify.Material
		key     []byte
	}{
		"EdDSA":           {nil, verify.Material{}, keys["Ed25519"].secret},
		"RS256":           {nil, pinned(keys["RSA"].public), keys["RSA"].secret},
		"ES256 by kid":    {nil, pinned(keys["Ed25519"].jwk(t, map[string]string{"kid": "a"}), keys["P-256"].jwk(t, map[string]string{"kid": "b"})), keys["P-256"].secret},
		"HS256":           {webhook.Options{"algorithms": {"HS256"}}, secrets([]byte(longSecret)), nil},
		"HS512":           {webhook.Options{"algorithms": {"HS512"}}, secrets([]byte(longSecret + longSecret)), nil},
		"another header":  {webhook.Options{"header": {"X-Token"}}, verify.Material{}, keys["Ed25519"].secret},
		"another address": {webhook.Options{"jwksUrl": {jwtKeySet}}, pinned(keys["Ed25519"].public), keys["Ed25519"].secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t", Now: schemeNow, PrivateKey: c.key, ID: "d-7"}
			w := jwtSettings(c.options)
			if err := p.Sign(w, c.m, &o); err != nil {
				t.Fatal(err)
			}
			m := c.m
			if len(m.Keys)+len(m.Secrets) == 0 {
				m = pinned(keys["Ed25519"].public)
			}
			d, err := compileWith(t, w, m).Verify(requestOf(o), schemeNow)
			if err != nil || d.ID != "d-7" {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
	for name, c := range map[string]struct {
		m    verify.Material
		key  []byte
		want string
	}{
		"nothing to sign with":     {pinned(keys["Ed25519"].public), nil, "needs a private key"},
		"key of another algorithm": {pinned(keys["Ed25519"].public), keys["P-384"].secret, "fits none"},
		"no key":                   {pinned(keys["Ed25519"].public), []byte("x"), "not PEM"},
	} {
		o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t", Now: schemeNow, PrivateKey: c.key}
		if err := p.Sign(jwtSettings(nil), c.m, &o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzJWT: no header panics, and none is accepted but the one that holds the token.
func FuzzJWT(f *testing.F) {
	k := keyPairs()["Ed25519"]
	v := compileWith(f, jwtSettings(nil), pinned(k.jwk(f, map[string]string{"kid": "k-1"})))
	token := jwtToken(f, jose.EdDSA, k.private, "k-1", nil)
	f.Add("Bearer " + token)
	f.Add("bearer  " + token)
	f.Add("Bearer " + strings.Replace(token, ".", "", 1))
	f.Add("Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add("Bearer eyJhbGciOiJFZERTQSIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AAAA")
	f.Add(`Bearer {"payload":"e30","signatures":[]}`)
	f.Fuzz(func(t *testing.T, field string) {
		req := verify.Request{Method: http.MethodPost, Header: fields{"Authorization": {field}}}
		_, err := v.Verify(req, schemeNow)
		if err != nil {
			if reason(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		if strings.TrimLeft(field[len("bearer"):], " ") != token {
			t.Fatal("accepted without the token")
		}
	})
}

func BenchmarkJWT(b *testing.B) {
	keys := keyPairs()
	for algorithm, kind := range map[jose.SignatureAlgorithm]string{"RS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519", "HS256": ""} {
		b.Run(string(algorithm), func(b *testing.B) {
			m, key := secrets([]byte(longSecret)), any([]byte(longSecret))
			if kind != "" {
				m, key = pinned(keys[kind].jwk(b, map[string]string{"kid": "k-1"})), keys[kind].private
			}
			v := compileWith(b, jwtSettings(webhook.Options{"algorithms": {string(algorithm)}}), m)
			req := bearer(jwtToken(b, algorithm, key, "k-1", nil))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(req, schemeNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
