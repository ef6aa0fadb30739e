package verify_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// The rules that hold for every scheme, each shown on every preset it can be shown on:
//
//	 1 the proof is over the bytes on the wire                 TestRule01WireBytes
//	 2 received values are decoded strictly to bytes           TestRule02StrictDecoding, TestComparesInConstantTime
//	 3 a timestamp has one form                                TestRule03TimestampForm
//	 4 its age is checked in both directions                   TestRule04AgeBothWays
//	 5 a proof's header occurs exactly once                    TestRule05ExactlyOnce
//	 6 an empty secret, list or key opens nothing              TestRule06NothingEmptyOpens
//	 7 several secrets, each with an end; few candidates       TestRule07Rotation
//	 8 the signed address comes from the configuration         TestRule08AddressOfConfiguration
//	 9 keys are pinned                                         TestRule09PinnedKeys
//	10 handshakes only where they are configured               TestRule10Handshakes
//	11 a proven delivery has a name and a window               TestRule11DeliveryIsNamed; the table is the door's
//	12 a refusal tells nothing and costs a MAC                 TestRule12RefusalTellsNothing, TestEarlyRefusalCosts
//	13 2xx only after the event is durable                     the door's

// judged is a vector whose verifier is compiled.
type judged struct {
	verify.Vector
	verify.Way
	verifier *verify.Verifier
}

// each runs f for a vector of each preset that is accepted and is no handshake.
func each(t *testing.T, f func(t *testing.T, p *verify.Presets, v judged)) {
	t.Helper()
	p := load(t)
	for _, v := range p.Accepting() {
		verifier, err := p.Compile(v.Settings, v.Material)
		if err != nil {
			t.Fatalf("%s: %v", v.Preset, err)
		}
		t.Run(v.Preset, func(t *testing.T) { f(t, p, judged{v, verifier.Way(v.Request), verifier}) })
	}
}

// verdict gives the reason of a refusal, "" for a request that is accepted.
func (v judged) verdict(req verify.Request, now time.Time) verify.Reason {
	_, err := v.verifier.Verify(req, now)
	if err == nil {
		return ""
	}
	return reason(err)
}

// with gives the request with other header lines.
func (v judged) with(lines []string) verify.Request {
	req := v.Request
	req.Header = verify.VectorHeader(lines)
	return req
}

// replaced gives the header lines with another text of one field, and the old text.
func (v judged) replaced(field string, change func(old string) string) ([]string, string) {
	lines := slices.Clone(v.Fields)
	for i, line := range lines {
		name, text, _ := strings.Cut(line, ":")
		if text = strings.TrimPrefix(text, " "); strings.EqualFold(name, field) {
			lines[i] = name + ": " + change(text)
			return lines, text
		}
	}
	return nil, ""
}

func TestRule01WireBytes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if kind := v.Kind; kind != "template" && kind != "rfc9421" && kind != "paypal" || v.Handshake != "" {
			return // what it proves is not every byte of the body
		}
		if got := v.verdict(v.with(append(slices.Clone(v.Fields), "Content-Encoding: gzip")), v.Now); got != "" {
			t.Errorf("the content encoding changes the verdict: %s", got)
		}
		body := string(v.Request.Body)
		others := []string{body + "\n", body + " ", " " + body, strings.Replace(body, ":", ": ", 1), strings.TrimSuffix(body, "}")}
		for i := range body {
			changed := []byte(body)
			changed[i] ^= 1
			others = append(others, string(changed))
		}
		for _, other := range others {
			req := v.Request
			if req.Body = []byte(other); other != body && v.verdict(req, v.Now) == "" {
				t.Fatalf("accepted with the body %q", other)
			}
		}
	})
}

func TestRule02StrictDecoding(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if v.Kind != "template" {
			return
		}
		list := v.Separator != ""
		for name, change := range map[string]func(string) string{
			"empty":        func(string) string { return "" },
			"prefix alone": func(string) string { return v.Prefix },
			"short":        func(s string) string { return s[:len(s)-1] },
			"long":         func(s string) string { return s + "a" },
			"padded":       func(s string) string { return s + "=" },
			"other end": func(s string) string {
				return s[:len(s)-2] + map[bool]string{true: "00", false: "11"}[s[len(s)-1] != '0']
			},
			"zero byte":     func(s string) string { return s + "\x00" },
			"line break":    func(s string) string { return s[:len(s)-4] + "\n" + s[len(s)-4:] },
			"space inside":  func(s string) string { return s[:len(s)-4] + " " + s[len(s)-4:] },
			"space behind":  func(s string) string { return s + " " },
			"comma behind":  func(s string) string { return s + ", " + s },
			"percent":       func(s string) string { return strings.Replace(s, s[len(s)-2:], "%"+s[len(s)-2:], 1) },
			"quoted":        func(s string) string { return `"` + s + `"` },
			"not a charset": func(s string) string { return s[:len(s)-1] + "\xff" },
		} {
			if list && (name == "space behind" || name == "comma behind") {
				continue // around the items of a list
			}
			lines, old := v.replaced(v.Signature, change)
			if lines == nil {
				t.Fatalf("the vector has no %s", v.Signature)
			}
			if v.verdict(v.with(lines), v.Now) == "" {
				t.Errorf("%s: accepted instead of %q", name, old)
			}
		}
	})
}

func TestRule03TimestampForm(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if v.Kind != "template" || v.Timestamp == "" || v.Timestamp == v.Signature {
			return // another way of carrying it has its own vectors
		}
		shown++
		for name, change := range map[string]func(string) string{
			"sign":         func(s string) string { return "+" + s },
			"minus":        func(s string) string { return "-" + s[1:] },
			"space before": func(s string) string { return " " + s },
			"space behind": func(s string) string { return s + " " },
			"fraction":     func(s string) string { return s + ".0" },
			"exponent":     func(s string) string { return s[:4] + "e6" + s[6:] },
			"hex":          func(s string) string { return "0x" + s[2:] },
			"one digit on": func(s string) string { return s + "0" },
			"one less":     func(s string) string { return s[:len(s)-1] },
			"other digits": func(s string) string { return strings.Replace(s, "1", "１", 1) },
			"word":         func(string) string { return "NaN" },
			"two":          func(s string) string { return s + "," + s },
		} {
			lines, old := v.replaced(v.Timestamp, func(s string) string {
				return v.TimestampPrefix + change(strings.TrimPrefix(s, v.TimestampPrefix))
			})
			if got := v.verdict(v.with(lines), v.Now); got != verify.TimestampMalformed {
				t.Errorf("%s of %q: %q", name, old, got)
			}
		}
	})
	if shown < 10 {
		t.Errorf("shown on %d presets", shown)
	}
}

func TestRule04AgeBothWays(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if v.Kind != "template" || v.Timestamp == "" && !v.TimestampInBody {
			return
		}
		shown++
		for shift, want := range map[time.Duration]verify.Reason{
			2*v.Tolerance + 2*time.Second:    verify.TimestampStale,
			-(2*v.Tolerance + 2*time.Second): verify.TimestampFuture,
			1_000_000 * time.Hour:            verify.TimestampStale,
			-1_000_000 * time.Hour:           verify.TimestampFuture,
		} {
			if got := v.verdict(v.Request, v.Now.Add(shift)); got != want {
				t.Errorf("a clock that is %v off: %q, want %s", shift, got, want)
			}
		}
	})
	if shown < 15 {
		t.Errorf("shown on %d presets", shown)
	}
}

func TestRule05ExactlyOnce(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		carriers := p.Carriers(v.Preset)
		if field := v.Settings.Options.First("header"); field != "" {
			carriers = append(carriers, strings.ToLower(field))
		}
		for _, line := range v.Fields {
			name, text, _ := strings.Cut(line, ":")
			if !slices.Contains(carriers, strings.ToLower(name)) {
				continue
			}
			shown++
			for _, second := range []string{text, " other", ""} {
				for _, lines := range [][]string{append(slices.Clone(v.Fields), name+":"+second), append([]string{strings.ToLower(name) + ":" + second}, v.Fields...)} {
					if got := v.verdict(v.with(lines), v.Now); got != verify.HeaderRepeated {
						t.Errorf("%s twice: %q", name, got)
					}
				}
			}
		}
	})
	if shown < 50 {
		t.Errorf("shown on %d fields", shown)
	}
}

func TestRule06NothingEmptyOpens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		refuses := func(what string, w webhook.Verify, m verify.Material) {
			if _, err := p.Compile(w, m); err == nil {
				t.Errorf("%s: compiled", what)
			}
		}
		empty, err := p.Compile(v.Settings, verify.Material{Fetch: v.Material.Fetch})
		if err == nil && (len(v.Material.Secrets) > 0 || len(v.Material.Keys) > 0) {
			// Asana tells the secret itself, so the webhook begins without one. Until then it takes nothing else.
			if v.Preset != "asana" {
				t.Error("compiled without a secret or a key")
			}
			if _, err := empty.Verify(v.Request, v.Now); err == nil {
				t.Error("accepted without a secret or a key")
			}
		}
		for i := range v.Material.Secrets {
			m := v.Material
			m.Secrets = slices.Clone(m.Secrets)
			m.Secrets[i].Text = nil
			refuses("empty secret", v.Settings, m)
		}
		for i := range v.Material.Keys {
			m := v.Material
			m.Keys = slices.Clone(m.Keys)
			m.Keys[i] = nil
			refuses("empty key", v.Settings, m)
		}
		for name := range v.Settings.Options {
			for _, values := range [][]string{nil, {""}, {"a", ""}} {
				w := v.Settings
				w.Options = webhook.Options{}
				for n, old := range v.Settings.Options {
					w.Options[n] = old
				}
				w.Options[name] = values
				refuses(fmt.Sprintf("option %s as %q", name, values), w, v.Material)
			}
		}
	})
}

func TestRule07Rotation(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if len(v.Material.Secrets) == 0 {
			return
		}
		shown++
		ends := func(end time.Time) verify.Reason {
			m := v.Material
			m.Secrets = slices.Clone(m.Secrets)
			for i := range m.Secrets {
				m.Secrets[i].NotAfter = end
			}
			verifier, err := p.Compile(v.Settings, m)
			if err != nil {
				t.Fatal(err)
			}
			return judged{v.Vector, v.Way, verifier}.verdict(v.Request, v.Now)
		}
		if got := ends(v.Now); got != "" {
			t.Errorf("in the last moment of the secret: %s", got)
		}
		if got := ends(v.Now.Add(-time.Nanosecond)); got != verify.SecretExpired {
			t.Errorf("after the end of the secret: %q", got)
		}

		other := verify.Secret{Text: []byte("another secret")}
		if _, err := p.Compile(v.Settings, verify.Material{Secrets: []verify.Secret{other}}); err != nil {
			other.Text = []byte(base64.StdEncoding.EncodeToString([]byte("another secret of 32 characters.")))
		}
		m := v.Material
		for len(m.Secrets) < 8 {
			m.Secrets = append([]verify.Secret{other}, m.Secrets...)
		}
		verifier, err := p.Compile(v.Settings, m)
		if err != nil {
			t.Logf("no other secret of this form: %v", err) // such as user:password
			return
		}
		if got := (judged{v.Vector, v.Way, verifier}).verdict(v.Request, v.Now); got != "" {
			t.Errorf("as the last of eight secrets: %s", got)
		}
		m.Secrets = append(m.Secrets, other)
		if _, err := p.Compile(v.Settings, m); err == nil {
			t.Error("nine secrets compile")
		}

		if v.Kind == "template" && v.Separator != "" && !v.TimestampFirst {
			lines, _ := v.replaced(v.Signature, func(s string) string {
				return s + strings.Repeat(v.Separator+v.Prefix+"00", 8)
			})
			if got := v.verdict(v.with(lines), v.Now); got != verify.SignatureMany {
				t.Errorf("nine candidates: %q", got)
			}
		}
	})
	if shown < 50 {
		t.Errorf("shown on %d presets", shown)
	}
}

func TestRule08AddressOfConfiguration(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if kind := v.Kind; kind == "rfc9421" || v.Handshake != "" {
			return // which parts of the address it covers is in the signature; it has its own tests
		}
		evil := append(slices.Clone(v.Fields), "Host: evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "Forwarded: host=evil.example")
		if v.Kind != "ip" && v.Kind != "mtls" {
			if got := v.verdict(v.with(evil), v.Now); got != "" {
				t.Errorf("what the request says about its host changes the verdict: %s", got)
			}
		}
		if !v.SignsURL && v.Kind != "twilio" {
			return
		}
		shown++
		req := v.with(evil)
		if req.URL = ""; v.verdict(req, v.Now) != verify.URLUnknown {
			t.Errorf("without an address: %q", v.verdict(req, v.Now))
		}
		if req.URL = "https://evil.example" + req.Target; v.verdict(req, v.Now) != verify.SignatureMismatch {
			t.Errorf("another address: %q", v.verdict(req, v.Now))
		}
	})
	if shown < 3 {
		t.Errorf("shown on %d presets", shown)
	}
}

func TestRule09PinnedKeys(t *testing.T) {
	t.Parallel()
	shown := 0
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if v.Material.Fetch != nil {
			shown++
			m := v.Material
			m.Fetch = nil
			verifier, err := p.Compile(v.Settings, m)
			if err != nil {
				return // without a way to get keys there is no verifier at all
			}
			if got := (judged{v.Vector, v.Way, verifier}).verdict(v.Request, v.Now); got != verify.KeyUnavailable && got != verify.KeyUnknown {
				t.Errorf("accepted, or refused for another reason, without the key: %q", got)
			}
		}
		if v.Algorithm != "ed25519" || v.Kind != "template" {
			return
		}
		// A request that is signed with another key, and brings that key, proves nothing.
		shown++
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		signature := ed25519.Sign(private, v.Request.Body)
		lines, _ := v.replaced(v.Signature, func(string) string {
			text := fmt.Sprintf("%x", signature)
			if v.Encoding == "base64" {
				text = base64.StdEncoding.EncodeToString(signature)
			}
			return v.Prefix + text
		})
		lines = append(lines, fmt.Sprintf("X-Public-Key: %x", public))
		if got := v.verdict(v.with(lines), v.Now); got != verify.SignatureMismatch {
			t.Errorf("signed with a key of the sender's choice: %q", got)
		}
	})
	if shown < 4 {
		t.Errorf("shown on %d presets", shown)
	}
}

func TestRule10Handshakes(t *testing.T) {
	t.Parallel()
	p := load(t)
	plain := map[string]*verify.Verifier{"token alone": compiled(t, p, webhook.Verify{}, verify.Material{})}
	for _, v := range p.Accepting() {
		if i, _ := p.Info(v.Preset); len(i.Handshakes) == 0 && v.Preset != "aws-sns" {
			plain[v.Preset] = compiled(t, p, v.Settings, v.Material)
		}
	}
	shown := 0
	for _, v := range p.Vectors() {
		if v.Handshake == "" {
			continue
		}
		shown++
		for name, other := range plain {
			if d, err := other.Verify(v.Request, v.Now); err == nil && d.Handshake != nil {
				t.Errorf("the handshake %s of %s is answered by the preset %s", v.Handshake, v.Preset, name)
			}
		}
		d, err := compiled(t, p, v.Settings, v.Material).Verify(v.Request, v.Now)
		if err != nil || d.Handshake == nil {
			t.Errorf("%s, %s: %v", v.Preset, v.Name, err)
			continue
		}
		h := d.Handshake
		if d.ID != "" || d.Event != "" {
			t.Errorf("%s, %s: a handshake is named like an event", v.Preset, v.Name)
		}
		if h.Type != "text/plain" && h.Type != "application/json" || h.Status < 200 || h.Status > 299 || len(h.Body) > 2048 {
			t.Errorf("%s, %s: the answer is %d, %s, %d bytes", v.Preset, v.Name, h.Status, h.Type, len(h.Body))
		}
		for _, text := range append([]string{string(h.Body)}, flat(h.Headers)...) {
			if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Errorf("%s, %s: the answer holds control characters: %q", v.Preset, v.Name, text)
			}
		}
	}
	if shown < 10 {
		t.Errorf("shown on %d handshakes", shown)
	}
}

func flat(pairs [][2]string) []string {
	var out []string
	for _, p := range pairs {
		out = append(out, p[0], p[1])
	}
	return out
}

func compiled(t *testing.T, p *verify.Presets, w webhook.Verify, m verify.Material) *verify.Verifier {
	t.Helper()
	v, err := p.Compile(w, m)
	if err != nil {
		t.Fatalf("%s: %v", w.Preset, err)
	}
	return v
}

func TestRule11DeliveryIsNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *verify.Presets, v judged) {
		if v.Handshake != "" {
			return
		}
		first, err := v.verifier.Verify(v.Request, v.Now)
		if err != nil {
			t.Fatal(err)
		}
		again, err := v.verifier.Verify(v.Request, v.Now)
		if err != nil || again.ID != first.ID {
			t.Errorf("repeated: %q, %v, want %q", again.ID, err, first.ID)
		}
		i, _ := p.Info(v.Preset)
		if first.ID != "" && first.Window < max(2*i.Tolerance, 24*time.Hour) {
			t.Errorf("it is remembered for %v", first.Window)
		}
		if i.Timestamped && v.Kind == "template" && first.ID == "" {
			t.Error("a repeated delivery would be a second event while its timestamp is fresh")
		}
	})
}

func TestRule12RefusalTellsNothing(t *testing.T) {
	t.Parallel()
	p := load(t)
	seen := map[verify.Reason]string{}
	for _, v := range p.Vectors() {
		if v.Want == "accept" {
			continue
		}
		verifier := compiled(t, p, v.Settings, v.Material)
		d, err := verifier.Verify(v.Request, v.Now)
		var r *verify.Refusal
		if !errors.As(err, &r) || d != (verify.Delivery{}) {
			t.Fatalf("%s, %s: %+v, %v", v.Preset, v.Name, d, err)
		}
		private := []string{string(v.Request.Body)}
		for _, s := range v.Material.Secrets {
			private = append(private, string(s.Text))
		}
		for _, line := range v.Fields {
			_, text, _ := strings.Cut(line, ":")
			private = append(private, strings.TrimSpace(text))
		}
		for _, text := range private {
			word := !strings.ContainsFunc(text, func(c rune) bool { return c < 'a' || c > 'z' })
			if len(text) > 7 && !word && strings.Contains(err.Error(), text) {
				t.Errorf("%s, %s: the refusal quotes %q", v.Preset, v.Name, text)
			}
		}
		if !slices.Contains(verify.Reasons(), string(r.Reason)) {
			t.Errorf("%s, %s: %s is not in the list of reasons", v.Preset, v.Name, r.Reason)
		}
		seen[r.Reason] = v.Preset
	}
	t.Logf("%d of %d reasons are shown by vectors", len(seen), len(verify.Reasons()))
}
