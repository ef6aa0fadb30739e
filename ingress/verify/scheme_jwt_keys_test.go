package verify_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// keyServer is a Fetcher whose key set can be changed; it counts how it was asked.
type keyServer struct {
	text           atomic.Pointer[string]
	fetched, asked atomic.Int32 // by Fetch, by Renew
	hold           chan struct{}
}

func serveKeys(keys ...[]byte) *keyServer {
	s := &keyServer{}
	s.set(keys...)
	return s
}

func (s *keyServer) set(keys ...[]byte) {
	var texts []string
	for _, k := range keys {
		texts = append(texts, string(k))
	}
	text := `{"keys":[` + strings.Join(texts, ",") + `]}`
	s.text.Store(&text)
}

func (s *keyServer) Fetch(ctx context.Context, url string) ([]byte, error) {
	s.fetched.Add(1)
	return s.get(ctx, url)
}

func (s *keyServer) get(_ context.Context, url string) ([]byte, error) {
	if s.hold != nil {
		<-s.hold
	}
	text := s.text.Load()
	if text == nil || url != jwtKeySet {
		return nil, errOffline
	}
	return []byte(*text), nil
}

// renewing is a keyServer with a cache in front, which can be asked to look again.
type renewing struct{ *keyServer }

func (s renewing) Renew(ctx context.Context, url string) ([]byte, error) {
	s.asked.Add(1)
	return s.get(ctx, url)
}

// TestKeySetIsRenewed: a new key is found without a restart, and names that nobody has cost one request in five
// minutes.
func TestKeySetIsRenewed(t *testing.T) {
	t.Parallel()
	keys := keyPairs()
	named := func(kind, id string) []byte { return keys[kind].jwk(t, map[string]string{"kid": id}) }
	token := func(kind, id string) verify.Request {
		return bearer(jwtToken(t, jose.EdDSA, keys[kind].private, id, map[string]any{"exp": schemeNow.Add(100 * time.Hour).Unix()}))
	}
	server := serveKeys(named("Ed25519", "old"))
	v := compileWith(t, jwtSettings(webhook.Options{"jwksUrl": {jwtKeySet}}), verify.Material{Fetch: server})
	now := schemeNow
	judge := func(kind, id string, want verify.Reason, fetched int32) {
		t.Helper()
		if _, err := v.Verify(token(kind, id), now); reason(err) != want {
			t.Errorf("%s after %v: %v, want %q", id, now.Sub(schemeNow), err, want)
		}
		if got := server.fetched.Load(); got != fetched {
			t.Errorf("%s after %v: fetched %d times, want %d", id, now.Sub(schemeNow), got, fetched)
		}
	}
	judge("Ed25519", "old", "", 1)
	for range 5 {
		judge("Ed25519", "old", "", 1)
	}
	server.set(named("another Ed25519", "new"))
	for range 20 {
		judge("another Ed25519", "new", verify.KeyUnknown, 1)
	}
	judge("Ed25519", "old", "", 1)
	now = now.Add(5*time.Minute - time.Second)
	judge("another Ed25519", "new", verify.KeyUnknown, 1)
	now = now.Add(time.Second)
	judge("another Ed25519", "new", "", 2)
	judge("Ed25519", "old", verify.KeyUnknown, 2) // withdrawn
	judge("Ed25519", "new", verify.SignatureMismatch, 2)

	server.text.Store(nil)
	now = now.Add(time.Hour)
	judge("another Ed25519", "new", "", 3) // what there is serves on
	judge("another Ed25519", "new", "", 3)
	now = now.Add(23*time.Hour - time.Second)
	judge("another Ed25519", "new", "", 4)
	now = now.Add(5*time.Minute + time.Second)
	judge("another Ed25519", "new", verify.KeyUnavailable, 5)
	server.set(named("another Ed25519", "new"))
	judge("another Ed25519", "new", verify.KeyUnavailable, 5)
	now = now.Add(5 * time.Minute)
	judge("another Ed25519", "new", "", 6)
}

// TestKeySetThroughACache: an unknown name asks the cache to look again.
func TestKeySetThroughACache(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	server := serveKeys(keyPairs()["P-256"].jwk(t, map[string]string{"kid": "old"}))
	v := compileWith(t, jwtSettings(webhook.Options{"jwksUrl": {jwtKeySet}}), verify.Material{Fetch: renewing{server}})
	req := bearer(jwtToken(t, jose.EdDSA, k.private, "new", map[string]any{"exp": schemeNow.Add(time.Hour).Unix()}))
	if _, err := v.Verify(req, schemeNow); reason(err) != verify.KeyUnknown {
		t.Errorf("before: %v", err)
	}
	server.set(k.jwk(t, map[string]string{"kid": "new"}))
	if _, err := v.Verify(req, schemeNow.Add(4*time.Minute)); reason(err) != verify.KeyUnknown || server.asked.Load() != 0 {
		t.Errorf("soon after: %v, asked %d times", err, server.asked.Load())
	}
	if _, err := v.Verify(req, schemeNow.Add(6*time.Minute)); err != nil {
		t.Errorf("after: %v", err)
	}
}

// TestKeySetAfterFailure: a key set that could not be fetched at first is asked for again soon, and a pinned key
// needs none.
func TestKeySetAfterFailure(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	server := serveKeys()
	settings := jwtSettings(webhook.Options{"jwksUrl": {jwtKeySet}})
	v := compileWith(t, settings, verify.Material{Fetch: server})
	req := bearer(jwtToken(t, jose.EdDSA, k.private, "a", nil))
	for _, text := range []string{"", "{}", "[]", "<html>", `{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}`, strings.Repeat(" ", 300<<10)} {
		server.text.Store(&text)
		if _, err := v.Verify(req, schemeNow); reason(err) != verify.KeyUnavailable {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if n := server.fetched.Load(); n != 1 {
		t.Errorf("asked %d times at one moment", n)
	}
	odd := []byte(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"a"}`)
	server.set(odd, []byte(`{"kty":"AKP"}`), k.jwk(t, map[string]string{"kid": "a"}), k.jwk(t, map[string]string{"kid": "a", "use": "enc"}))
	if _, err := v.Verify(req, schemeNow.Add(10*time.Second)); err != nil {
		t.Errorf("a good key among odd ones: %v", err)
	}
	for name, m := range map[string]verify.Material{"nobody fetches": {}, "offline": {Fetch: fetchFunc(offline)}} {
		if _, err := compileWith(t, settings, m).Verify(req, schemeNow); reason(err) != verify.KeyUnavailable {
			t.Errorf("%s: %v", name, err)
		}
		m.Keys = [][]byte{k.public}
		if _, err := compileWith(t, settings, m).Verify(req, schemeNow); err != nil {
			t.Errorf("%s, with a pinned key: %v", name, err)
		}
	}
}

// TestKeySetIsFetchedOnce: callers that come at one time share the fetch.
func TestKeySetIsFetchedOnce(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	server := serveKeys(k.jwk(t, map[string]string{"kid": "a"}))
	server.hold = make(chan struct{})
	v := compileWith(t, jwtSettings(webhook.Options{"jwksUrl": {jwtKeySet}}), verify.Material{Fetch: server})
	req := bearer(jwtToken(t, jose.EdDSA, k.private, "a", nil))
	var wait sync.WaitGroup
	var refused atomic.Int32
	for range 50 {
		wait.Go(func() {
			if _, err := v.Verify(req, schemeNow); err != nil {
				refused.Add(1)
			}
		})
	}
	close(server.hold)
	wait.Wait()
	if refused.Load() != 0 || server.fetched.Load() != 1 {
		t.Errorf("%d refused, fetched %d times", refused.Load(), server.fetched.Load())
	}
}

// FuzzJWKS: no key set panics, no fault quotes it, and with none is a token of a stranger accepted.
func FuzzJWKS(f *testing.F) {
	keys := keyPairs()
	stranger := map[string]verify.Request{}
	for algorithm, kind := range map[jose.SignatureAlgorithm]string{"EdDSA": "another Ed25519", "ES256": "another P-256"} {
		stranger[kind] = bearer(jwtToken(f, algorithm, keys[kind].private, "", nil))
	}
	f.Add([]byte(`{"keys":[` + string(keys["Ed25519"].jwk(f, map[string]string{"kid": "a"})) + `,` + string(keys["RSA"].jwk(f, nil)) + `]}`))
	f.Add(keys["P-256"].jwk(f, map[string]string{"kid": "a", "alg": "ES256", "use": "sig", "x5u": "https://x.example"}))
	f.Add(keys["RSA"].public)
	f.Add(append(keys["Ed25519"].public, keys["P-256"].public...))
	f.Add([]byte("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"","key_ops":["verify"]}`))
	p := load(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := p.Compile(jwtSettings(nil), pinned(text))
		if err != nil {
			if len(text) > 30 && strings.Contains(err.Error(), string(text)) {
				t.Fatalf("the fault quotes the key: %v", err)
			}
			return
		}
		for kind, req := range stranger {
			own := string(keys[kind].jwk(t, nil))
			if _, err := v.Verify(req, schemeNow); err == nil && !strings.Contains(string(text), own[10:40]) {
				t.Fatalf("accepted from %s", kind)
			}
		}
	})
}
