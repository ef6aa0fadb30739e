package verify_test

import (
	"bytes"
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
