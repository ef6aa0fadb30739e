package verify_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestTemplateOptions(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	for name, c := range map[string]struct {
		options   webhook.Options
		parameter string
		want      string
	}{
		"no header":              {webhook.Options{}, "header", "needs the name of the header"},
		"without the body":       {webhook.Options{"header": {"X-Sig"}, "timestampHeader": {"X-Time"}, "signed": {"{timestamp}"}}, "signed", "does not contain {body}"},
		"without the timestamp":  {webhook.Options{"header": {"X-Sig"}, "timestampHeader": {"X-Time"}, "signed": {"{body}"}}, "signed", "names {timestamp} where"},
		"timestamp of no header": {webhook.Options{"header": {"X-Sig"}, "signed": {"{timestamp}.{body}"}}, "signed", "names {timestamp} where"},
		"an id":                  {webhook.Options{"header": {"X-Sig"}, "signed": {"{id}.{body}"}}, "signed", "{timestamp} and {body} alone"},
		"unknown placeholder":    {webhook.Options{"header": {"X-Sig"}, "signed": {"{bodi}"}}, "signed", "no placeholder"},
		"header of the server":   {webhook.Options{"header": {"X-Sig"}, "timestampHeader": {"Host"}}, "timestampHeader", "belongs to the server"},
		"header of both":         {webhook.Options{"header": {"X-Sig"}, "timestampHeader": {"x-sig"}}, "timestampHeader", "a header of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := load(t).Compile(webhook.Verify{Preset: "ed25519", Options: c.options}, pinned(k.public))
			if err == nil || v != nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := load(t).Compile(webhook.Verify{Preset: "ed25519", Options: webhook.Options{"header": {"X-Sig"}}, Tolerance: 5}, pinned(k.public)); err == nil {
		t.Error("a tolerance without a timestamp")
	}
	if _, err := load(t).Compile(webhook.Verify{Preset: "github", Options: webhook.Options{"signed": {"{body}"}}}, secrets([]byte("x"))); err == nil {
		t.Error("a preset of a provider takes a template")
	}
}

// TestTemplateOptionsSign: what is signed with the options is accepted with them, and by no other template.
func TestTemplateOptionsSign(t *testing.T) {
	t.Parallel()
	k := keyPairs()["Ed25519"]
	shapes := map[string]webhook.Options{
		"body":          {"header": {"X-Sig"}},
		"dotted":        {"header": {"X-Sig"}, "timestampHeader": {"X-Time"}},
		"joined":        {"header": {"X-Sig"}, "timestampHeader": {"X-Time"}, "signed": {"{timestamp}{body}"}},
		"body in front": {"header": {"X-Sig"}, "timestampHeader": {"X-Time"}, "signed": {"{body}:{timestamp}"}, "encoding": {"base64"}, "prefix": {"v1="}},
	}
	for name, options := range shapes {
		w := webhook.Verify{Preset: "ed25519", Options: options}
		o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t", Now: schemeNow, PrivateKey: k.secret, Body: []byte("b")}
		if err := load(t).Sign(w, verify.Material{}, &o); err != nil {
			t.Fatal(err)
		}
		req := requestOf(o)
		for other, options := range shapes {
			_, err := compileWith(t, webhook.Verify{Preset: "ed25519", Options: options}, pinned(k.public)).Verify(req, schemeNow)
			if (err == nil) != (name == other) {
				t.Errorf("%s judged as %s: %v", name, other, err)
			}
		}
	}
	v := compileWith(t, webhook.Verify{Preset: "ed25519", Options: shapes["body in front"], Tolerance: 10}, pinned(k.public))
	text := base64.StdEncoding.EncodeToString(ed25519.Sign(k.private.(ed25519.PrivateKey), []byte("b:1699999989")))
	req := verify.Request{Method: http.MethodPost, Header: fields{"X-Sig": {"v1=" + text}, "X-Time": {"1699999989"}}, Body: []byte("b")}
	if _, err := v.Verify(req, schemeNow); reason(err) != verify.TimestampStale {
		t.Errorf("older than the webhook's tolerance: %v", err)
	}
}
