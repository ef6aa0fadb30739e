package interop_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// proofs are the headers of the proof where a preset's description does not name one.
var proofs = map[string]string{"jwt": "Authorization", "rfc9421": "Signature", "twilio": "X-Twilio-Signature"}

// bodiless are the presets whose proof does not cover the body, as their pages say.
var bodiless = map[string]bool{"jwt": true}

func TestLibrariesThatSign(t *testing.T) {
	n, s, presets := startNode(t), startServer(t), loadPresets(t)
	accepted, refused := 0, 0
	for _, who := range n.Signing {
		url := s.put(who)
		proof := proofOf(t, presets, who.Preset)
		for _, r := range n.sign(who.Library, url, time.Now().UnixMilli()) {
			if r.URL == "" {
				r.URL = url
			}
			if status := s.post(r, ""); status != http.StatusOK {
				t.Errorf("%s: its request got %d", who.Library, status)
				continue
			}
			accepted++
			for name, status := range s.changed(who, r, proof) {
				if status != http.StatusUnauthorized {
					t.Errorf("%s: %s got %d, want 401", who.Library, name, status)
				}
				refused++
			}
		}
		if info, _ := presets.Info(who.Preset); info.Timestamped || who.Preset == "jwt" || who.Preset == "rfc9421" {
			for _, ago := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
				for _, r := range n.sign(who.Library, url, time.Now().Add(-ago).UnixMilli()) {
					if status := s.post(at(r, url), ""); status != http.StatusUnauthorized {
						t.Errorf("%s: a request signed %s ago got %d, want 401", who.Library, ago, status)
					}
					refused++
				}
			}
		}
	}
	t.Logf("%d libraries and variants that sign: %d requests accepted, %d changed ones refused", len(n.Signing), accepted, refused)
}

// changed sends what must be refused and gives the statuses.
func (s *server) changed(who sender, r request, proof string) map[string]int {
	s.t.Helper()
	out := map[string]int{
		"a changed proof": s.post(r.with(proof, changedProof), ""),
		"no proof":        s.post(r.with(proof, func(string) string { return "" }), ""),
		"the proof twice": s.post(r, proof),
		"half a proof":    s.post(r.with(proof, func(v string) string { return v[:len(v)/2] }), ""),
	}
	if !bodiless[who.Preset] {
		changed := r
		changed.Body += " "
		out["a changed body"] = s.post(changed, "")
	}
	return out
}

// The Go library of Standard Webhooks signs in this process.
func TestStandardWebhooksGo(t *testing.T) {
	s := startServer(t)
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	url := s.put(sender{Library: "standard-webhooks (Go)", Preset: "standard-webhooks", Secrets: []string{secret}})
	library, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now, body := time.Now(), `{"type":"invoice.paid"}`
	signature, err := library.Sign("msg_1", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r := request{URL: url, Body: body, Headers: map[string]string{
		"webhook-id": "msg_1", "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature,
	}}
	if status := s.post(r, ""); status != http.StatusOK {
		t.Errorf("its request got %d", status)
	}
	for name, status := range s.changed(sender{Preset: "standard-webhooks"}, r, "webhook-signature") {
		if status != http.StatusUnauthorized {
			t.Errorf("%s got %d, want 401", name, status)
		}
	}
}

func TestLibrariesThatVerify(t *testing.T) {
	n, s, presets := startNode(t), startServer(t), loadPresets(t)
	for _, who := range n.Judging {
		url := s.put(who)
		settings := webhook.Verify{Preset: who.Preset, Options: who.Options}
		out := verify.Outgoing{
			Method: http.MethodPost, URL: url, Header: [][2]string{{"Content-Type", "application/json"}},
			Body: []byte(who.Body), Now: time.Now(), PrivateKey: []byte(who.PrivateKey),
		}
		if err := presets.Sign(settings, material(who), &out); err != nil {
			t.Errorf("%s: %v", who.Library, err)
			continue
		}
		good := request{URL: out.URL, Body: string(out.Body), Headers: map[string]string{}}
		for _, h := range out.Header {
			good.Headers[strings.ToLower(h[0])] = h[1]
		}
		longer := good
		longer.Body += " "
		other := good.with(proofOf(t, presets, who.Preset), changedProof)
		verdicts := n.judge(who.Library, good, longer, other)
		for i, want := range []bool{true, false, false} {
			r := []request{good, longer, other}[i]
			if verdicts[i] != want {
				t.Errorf("%s says %v of request %d, want %v", who.Library, verdicts[i], i, want)
			}
			if got := s.post(r, "") == http.StatusOK; got != want {
				t.Errorf("the server says %v of request %d of %s, want %v", got, i, who.Library, want)
			}
		}
	}
	t.Logf("%d libraries that verify agree with the server", len(n.Judging))
}

func loadPresets(t *testing.T) *verify.Presets {
	t.Helper()
	p, err := verify.Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func proofOf(t *testing.T, presets *verify.Presets, preset string) string {
	t.Helper()
	info, known := presets.Info(preset)
	if !known {
		t.Fatalf("there is no preset %q", preset)
	}
	if info.Signature != "" {
		return info.Signature
	}
	return proofs[preset]
}

func material(who sender) verify.Material {
	var m verify.Material
	for _, s := range who.Secrets {
		m.Secrets = append(m.Secrets, verify.Secret{Text: []byte(s)})
	}
	for _, k := range who.Keys {
		m.Keys = append(m.Keys, []byte(k))
	}
	return m
}

func at(r request, url string) request {
	if r.URL == "" {
		r.URL = url
	}
	return r
}

// changedProof changes one character in the last third of a proof, which no scheme uses for anything but the proof.
func changedProof(v string) string {
	i := len(v) - len(v)/4 - 1
	c := byte('0')
	if v[i] == c {
		c = '1'
	}
	return v[:i] + string(c) + v[i+1:]
}
