package verify_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// received gives what the door would see of a request that was sent.
func received(tb testing.TB, o *verify.Outgoing) verify.Request {
	tb.Helper()
	u, err := url.Parse(o.URL)
	if err != nil {
		tb.Fatal(err)
	}
	var lines []string
	for _, f := range o.Header {
		lines = append(lines, f[0]+": "+f[1])
	}
	return verify.Request{Method: o.Method, Target: u.RequestURI(), URL: o.URL, Header: verify.VectorHeader(lines), Body: o.Body}
}

// TestSignedTemplates: what Sign makes of each sample of each preset is accepted, with its event and id, and
// refused after a change of one byte.
func TestSignedTemplates(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_767_323_045, 0)
	signed := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		i, _ := p.Info(v.Preset)
		for _, event := range i.Samples {
			o := verify.Outgoing{URL: "https://pi.example/hooks/abc?x=1", Event: event, ID: "delivery-1", Now: now}
			switch v.Algorithm {
			case "ed25519", "ecdsa-p256":
				o.PrivateKey = []byte(privateKeys[v.Algorithm])
			}
			if v.Kind != "template" && v.Kind != "token" {
				return // a scheme of its own has its own tests
			}
			m := v.Material
			if o.PrivateKey != nil {
				m = verify.Material{}
			}
			if err := p.Sign(v.Settings, m, &o); err != nil {
				t.Fatalf("%s: %v", event, err)
			}
			if o.PrivateKey != nil {
				m.Keys = [][]byte{[]byte(publicKeys[v.Algorithm])}
			}
			verifier, err := p.Compile(v.Settings, m)
			if err != nil {
				t.Fatal(err)
			}
			req := received(t, &o)
			d, err := verifier.Verify(req, now.Add(time.Second))
			if err != nil {
				t.Errorf("%s: %v\n%q", event, err, o.Header)
				continue
			}
			signed++
			if i.Event != "" && d.Event != event && d.Handshake == nil {
				t.Errorf("the event is %q, want %q", d.Event, event)
			}
			if i.Delivery != "" && d.ID != "delivery-1" && d.Handshake == nil {
				t.Errorf("the delivery is %q", d.ID)
			}
			if v.Kind == "template" && d.Handshake == nil {
				req.Body = append([]byte(nil), req.Body...)
				req.Body[len(req.Body)/2] ^= 1
				if _, err := verifier.Verify(req, now.Add(time.Second)); reason(err) != verify.SignatureMismatch {
					t.Errorf("%s with another byte: %v", event, err)
				}
			}
		}
	})
	t.Logf("%d samples signed and accepted", signed)
	if signed < 50 {
		t.Error("too few")
	}
}

// Keys that were made for these tests.
var (
	privateKeys = map[string]string{"ed25519": edPrivate, "ecdsa-p256": ecPrivate}
	publicKeys  = map[string]string{"ed25519": edPublic, "ecdsa-p256": ecPublic}
)

func TestSignTemplateRefuses(t *testing.T) {
	t.Parallel()
	p := load(t)
	now := time.Unix(1_767_323_045, 0)
	k := secrets([]byte("k"))
	for name, c := range map[string]struct {
		settings webhook.Verify
		material verify.Material
		out      verify.Outgoing
		want     string
	}{
		"unknown preset":     {webhook.Verify{Preset: "githup"}, k, verify.Outgoing{}, `did you mean "github"?`},
		"no secret":          {webhook.Verify{Preset: "github"}, verify.Material{}, verify.Outgoing{}, "needs a secret"},
		"unknown event":      {webhook.Verify{Preset: "github"}, k, verify.Outgoing{Event: "pusch"}, "it has push, "},
		"secret of the past": {webhook.Verify{Preset: "github"}, verify.Material{Secrets: []verify.Secret{{Text: []byte("k"), NotAfter: now.Add(-1)}}}, verify.Outgoing{}, "needs a secret"},
		"wrong address":      {webhook.Verify{Preset: "github"}, k, verify.Outgoing{URL: "http://[::1"}, "reading the address"},
		"no private key":     {webhook.Verify{Preset: "discord"}, verify.Material{}, verify.Outgoing{}, "private key"},
		"private key is not": {webhook.Verify{Preset: "discord"}, verify.Material{}, verify.Outgoing{PrivateKey: []byte("CANARY")}, "not PEM"},
		"other private key":  {webhook.Verify{Preset: "discord"}, verify.Material{}, verify.Outgoing{PrivateKey: []byte(ecPrivate)}, "not one for ed25519"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.out.Now = now
			if c.out.URL == "" {
				c.out.URL = "https://pi.example/"
			}
			err := p.Sign(c.settings, c.material, &c.out)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestSignKeepsTheRequest: a body and header fields of the caller stay, and the proof covers the body.
func TestSignKeepsTheRequest(t *testing.T) {
	t.Parallel()
	p := load(t)
	o := verify.Outgoing{
		URL: "https://pi.example/", Now: time.Unix(1_767_323_045, 0), Event: "release", Body: []byte("{}"),
		Header: [][2]string{{"content-type", "application/vnd.acme+json"}, {"x-github-event", "old"}, {"User-Agent", "test"}},
	}
	if err := p.Sign(webhook.Verify{Preset: "github"}, secrets([]byte("k")), &o); err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for _, f := range o.Header {
		h.Add(f[0], f[1])
	}
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.acme+json", "X-Github-Event": "release", "User-Agent": "test",
		"X-Hub-Signature-256": "sha256=" + sign("k", "{}"),
	} {
		if got := h.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if string(o.Body) != "{}" || o.Method != "POST" {
		t.Errorf("%s %s", o.Method, o.Body)
	}
}

const (
	edPrivate = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIDITn9tqzZ5T62064/tcFmgnS/xK/ABuGFLfBYnwESG7
-----END PRIVATE KEY-----
`
	edPublic = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAWtdafH+HOf1lgGexFIBT19wUz5U9WqW1Z4f0pD+rHN4=
-----END PUBLIC KEY-----
`
	ecPrivate = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguCHTdR3ynJPY9+oW
DEEiUeyRq/7778EXRR5bIS506EqhRANCAASEIDI6oVVkB5kvWj8fYkghDmOnFTqb
C+Qm7FXk4ECLrokHyeouz9mzKpk11Se5vkr7DUmEpfY2Yw3Ub/leRvMw
-----END PRIVATE KEY-----
`
	ecPublic = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhCAyOqFVZAeZL1o/H2JIIQ5jpxU6
mwvkJuxV5OBAi66JB8nqLs/ZsyqZNdUnub5K+w1JhKX2NmMN1G/5XkbzMA==
-----END PUBLIC KEY-----
`
)
