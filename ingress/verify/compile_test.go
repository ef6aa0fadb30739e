package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	p := load(t)
	one := [][]byte{[]byte("CANARY-SECRET")}
	for name, c := range map[string]struct {
		settings webhook.Verify
		secrets  [][]byte
		where    string
		want     string
	}{
		"unknown preset":           {webhook.Verify{Preset: "githup"}, one, "preset", `did you mean "github"?`},
		"no secret":                {webhook.Verify{Preset: "github"}, nil, "secrets", "needs a secret"},
		"empty secret":             {webhook.Verify{Preset: "github"}, [][]byte{nil}, "secrets", "a secret is empty"},
		"one of two empty":         {webhook.Verify{Preset: "github"}, [][]byte{[]byte("a"), {}}, "secrets", "a secret is empty"},
		"nine secrets":             {webhook.Verify{Preset: "github"}, bytes.SplitN([]byte("a,b,c,d,e,f,g,h,i"), []byte(","), 9), "secrets", "8 are allowed"},
		"secret is not base64":     {webhook.Verify{Preset: "standard-webhooks"}, one, "secrets", "not base64"},
		"secret is its prefix":     {webhook.Verify{Preset: "standard-webhooks"}, [][]byte{[]byte("whsec_")}, "secrets", "0 bytes"},
		"secret too short":         {webhook.Verify{Preset: "standard-webhooks"}, [][]byte{[]byte("whsec_AAAA")}, "secrets", "3 bytes"},
		"header of another preset": {webhook.Verify{Preset: "github", Options: webhook.Options{"header": {"X"}}}, one, "header", "does not take"},
		"hmac without header":      {webhook.Verify{Preset: "hmac"}, one, "header", "name of the header"},
		"hmac with a bad header":   {webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"a b"}}}, one, "header", "not a header name"},
		"unknown algorithm":        {webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-S"}, "algorithm": {"sha521"}}}, one, "algorithm", `did you mean "sha512"?`},
		"unknown encoding":         {webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-S"}, "encoding": {"bas64"}}}, one, "encoding", `did you mean "base64"?`},
		"tolerance untimed":        {webhook.Verify{Preset: "github", Tolerance: 5}, one, "tolerance", "no timestamp"},
		"tolerance negative":       {webhook.Verify{Preset: "slack", Tolerance: -5}, one, "tolerance", "1 to 86400"},
		"tolerance too large":      {webhook.Verify{Preset: "slack", Tolerance: 86_401}, one, "tolerance", "1 to 86400"},
		"option that is none":      {webhook.Verify{Preset: "hmac", Options: webhook.Options{"heder": {"X-S"}}}, one, "heder", `did you mean "header"?`},
		"option twice":             {webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-S", "X-T"}}}, one, "header", "one value is needed"},
		"option without a value":   {webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": nil}}, one, "header", "a value is empty"},
		"tolerance as an option":   {webhook.Verify{Preset: "slack", Options: webhook.Options{"tolerance": {"5"}}}, one, "tolerance", "does not take"},
		"list with a gap":          {webhook.Verify{Preset: "ip-allow-list", Options: webhook.Options{"allow": {"192.0.2.1,,192.0.2.2"}}}, nil, "allow", "a value is empty"},
		"weak and not accepted":    {webhook.Verify{Preset: "hubspot-legacy"}, one, "preset", "set the option acceptWeak to true"},
		"weak, accepted with no":   {webhook.Verify{Preset: "hubspot-legacy", Options: webhook.Options{"acceptWeak": {"no"}}}, one, "preset", "set the option acceptWeak"},
		"header and parameter":     {webhook.Verify{Preset: "api-key", Options: webhook.Options{"header": {"X-K"}, "parameter": {"k"}}}, one, "parameter", "not in both"},
		"key that is none":         {webhook.Verify{Preset: "discord"}, one, "keys", "not a public key"},
		"key of another algorithm": {webhook.Verify{Preset: "discord"}, [][]byte{[]byte(ecPublic)}, "keys", "not one for ed25519"},
		"no key":                   {webhook.Verify{Preset: "discord"}, nil, "keys", "needs a public key"},
		"secret of no variant":     {webhook.Verify{Preset: "sendgrid"}, one, "keys", "not a public key"},
		"secret without preset":    {webhook.Verify{}, one, "preset", "need a preset"},
		"header without preset":    {webhook.Verify{Options: webhook.Options{"header": {"X"}}}, nil, "preset", "need a preset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := p.Compile(c.settings, secrets(c.secrets...))
			if err == nil || v != nil {
				t.Fatal("compiled")
			}
			if fault.CodeOf(err) != fault.WebhookInvalid || !strings.HasPrefix(err.Error(), c.where+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(err.Error(), "CANARY") {
				t.Error("the error quotes the secret")
			}
		})
	}
}

// TestNeverOpens: what was not compiled refuses, and only the empty settings ask for the token alone.
func TestNeverOpens(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*verify.Verifier{"nil": nil, "zero": {}, "unready": verify.Unready()} {
		if _, err := v.Verify(verify.Request{Header: fields{}}, time.Now()); reason(err) != verify.VerifierUnready {
			t.Errorf("%s: %v", name, err)
		}
		if v.TokenAlone() {
			t.Errorf("%s says that the token is enough", name)
		}
	}
	v, err := load(t).Compile(webhook.Verify{}, verify.Material{})
	if err != nil || !v.TokenAlone() {
		t.Fatalf("token alone: %v", err)
	}
	if d, err := v.Verify(verify.Request{Header: fields{}}, time.Now()); err != nil || d.ID != "" {
		t.Errorf("token alone: %v, %v", d, err)
	}
}

// TestSecretIsCopied: a caller may wipe its bytes after Compile.
func TestSecretIsCopied(t *testing.T) {
	t.Parallel()
	secret := []byte("wipe me")
	v, err := load(t).Compile(webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, verify.Material{Secrets: []verify.Secret{{Text: secret}}})
	if err != nil {
		t.Fatal(err)
	}
	h := fields{"X-Sig": {sign("wipe me", "body")}}
	clear(secret)
	if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: []byte("body")}, time.Now()); err != nil {
		t.Error(err)
	}
}

// TestEveryKeyCounts: a key or secret that does not fit is a fault beside one that does.
func TestEveryKeyCounts(t *testing.T) {
	t.Parallel()
	p := load(t)
	good, bad := []byte(edPublic), []byte("CANARY")
	for name, c := range map[string]struct {
		preset string
		m      verify.Material
	}{
		"keys":                    {"discord", verify.Material{Keys: [][]byte{good, bad}}},
		"key and secret":          {"discord", verify.Material{Keys: [][]byte{good}, Secrets: []verify.Secret{{Text: bad}}}},
		"secret and key":          {"discord", verify.Material{Keys: [][]byte{bad}, Secrets: []verify.Secret{{Text: good}}}},
		"key beside a secret":     {"github", verify.Material{Keys: [][]byte{good}, Secrets: []verify.Secret{{Text: bad}}}},
		"secrets":                 {"standard-webhooks", verify.Material{Secrets: []verify.Secret{{Text: []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}, {Text: bad}}}},
		"nine keys":               {"discord", verify.Material{Keys: [][]byte{good, good, good, good, good, good, good, good, good}}},
		"key of a token":          {"gitlab", verify.Material{Keys: [][]byte{good}}},
		"key of a private nature": {"discord", verify.Material{Keys: [][]byte{[]byte(edPrivate)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := p.Compile(webhook.Verify{Preset: c.preset}, c.m)
			if fault.CodeOf(err) != fault.WebhookInvalid || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWritingsOfKeys: a public key is understood as PEM, as hex, as base64 of itself or of its SPKI.
func TestWritingsOfKeys(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(edPublic))
	raw := block.Bytes[len(block.Bytes)-ed25519.PublicKeySize:]
	for form, texts := range map[string][]string{
		"any": {
			edPublic, " " + edPublic + "\n", ecPublic, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
			base64.StdEncoding.EncodeToString(block.Bytes), "whpk_" + base64.StdEncoding.EncodeToString(raw),
		},
		"hex":         {edPublic, hex.EncodeToString(raw)},
		"base64":      {edPublic, base64.StdEncoding.EncodeToString(raw)},
		"pem":         {edPublic, ecPublic},
		"whpk":        {"whpk_" + base64.StdEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw)},
		"spki-base64": {base64.StdEncoding.EncodeToString(block.Bytes)},
	} {
		for _, text := range texts {
			if !verify.ParsePublic(form, strings.TrimSpace(text)) {
				t.Errorf("%s: %q is not understood", form, text)
			}
		}
	}
	for form, texts := range map[string][]string{
		"any":         {"", "whpk_", hex.EncodeToString(raw[:31]), edPublic + edPublic, edPrivate, "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "-----BEGIN PUBLIC KEY"},
		"hex":         {base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw) + "00"},
		"base64":      {hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw[:31]), base64.RawStdEncoding.EncodeToString(raw)},
		"pem":         {hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(block.Bytes)},
		"spki-base64": {base64.StdEncoding.EncodeToString(raw), "!"},
	} {
		for _, text := range texts {
			if verify.ParsePublic(form, text) {
				t.Errorf("%s: %q is a key", form, text)
			}
		}
	}
}

// TestProofs: what must reach no log and no event is named.
func TestProofs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings          webhook.Verify
		header, parameter string
	}{
		{webhook.Verify{Preset: "github"}, "x-hub-signature-256", ""},
		{webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, "x-sig", ""},
		{webhook.Verify{Preset: "gitlab"}, "x-gitlab-token", ""},
		{webhook.Verify{Preset: "api-key", Options: webhook.Options{"parameter": {"key"}}}, "authorization", "key"},
		{webhook.Verify{Preset: "meta"}, "x-hub-signature-256", "hub.verify_token"},
	} {
		headers, parameters := compile(t, c.settings, "k").Proofs()
		if !slices.Contains(headers, c.header) || !slices.Contains(headers, "authorization") || c.parameter != "" && !slices.Contains(parameters, c.parameter) {
			t.Errorf("%s: %q, %q", c.settings.Preset, headers, parameters)
		}
	}
	if headers, _ := verify.Unready().Proofs(); !slices.Contains(headers, "authorization") {
		t.Errorf("unready: %q", headers)
	}
}

// TestSample gives the default one, a named one and none.
func TestSample(t *testing.T) {
	t.Parallel()
	p := load(t)
	if body, event, ok := p.Sample("github", ""); !ok || event != "push" || !json.Valid(body) {
		t.Errorf("default: %q, %v", event, ok)
	}
	if _, event, ok := p.Sample("github", "ping"); !ok || event != "ping" {
		t.Errorf("ping: %q, %v", event, ok)
	}
	if _, _, ok := p.Sample("github", "pong"); ok {
		t.Error("a sample of an unknown event")
	}
	if _, _, ok := p.Sample("githup", ""); ok {
		t.Error("a sample of an unknown preset")
	}
}
