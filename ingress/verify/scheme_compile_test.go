package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// otherKey is a key that nobody trusts.
var otherKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// TestSchemesNeverOpen: without a secret, a key or an allow list there is no verifier.
func TestSchemesNeverOpen(t *testing.T) {
	t.Parallel()
	p := load(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // refused for its size
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := verify.Material{Fetch: fetchFunc(offline)}
	key := verify.Material{Keys: [][]byte{publicPEM(signerKey())}}
	keys := func(texts ...string) verify.Material {
		var m verify.Material
		for _, text := range texts {
			m.Keys = append(m.Keys, []byte(text))
		}
		return m
	}
	secret := func(texts ...string) verify.Material {
		raw := make([][]byte, len(texts))
		for i, text := range texts {
			raw[i] = []byte(text)
		}
		return secrets(raw...)
	}
	topics := webhook.Options{"topicArns": {snsTopic}}
	for name, c := range map[string]struct {
		preset    string
		options   webhook.Options
		material  verify.Material
		parameter string
		want      string
	}{
		"basic without a secret":       {"basic", nil, verify.Material{}, "secrets", "needs a secret"},
		"basic without a colon":        {"basic", nil, secret("ada"), "secrets", "a colon"},
		"basic without a name":         {"basic", nil, secret(":x"), "secrets", "a colon"},
		"basic without a password":     {"basic", nil, secret("ada:"), "secrets", "a colon"},
		"basic with a line break":      {"basic", nil, secret("ada:\n"), "secrets", "control characters"},
		"basic that is not UTF-8":      {"basic", nil, secret("ada:\xff"), "secrets", "UTF-8"},
		"basic that is too long":       {"basic", nil, secret("ada:" + strings.Repeat("x", 1100)), "secrets", "bytes at most"},
		"bearer without a secret":      {"bearer", nil, verify.Material{}, "secrets", "needs a secret"},
		"bearer with an empty secret":  {"bearer", nil, secret(""), "secrets", "empty"},
		"bearer with a key":            {"bearer", nil, verify.Material{Keys: key.Keys, Secrets: secret("x").Secrets}, "keys", "no public keys"},
		"bearer with a header":         {"bearer", webhook.Options{"header": {"X"}}, secret("x"), "header", "does not take"},
		"telegram that is too long":    {"telegram", nil, secret(strings.Repeat("x", 257)), "secrets", "257 bytes"},
		"client state that is long":    {"microsoft-graph", nil, secret(strings.Repeat("x", 129)), "secrets", "129 bytes"},
		"header and parameter":         {"api-key", webhook.Options{"header": {"X-A"}, "parameter": {"a"}}, secret("x"), "parameter", "not in both"},
		"header of the server":         {"api-key", webhook.Options{"header": {"Host"}}, secret("x"), "header", "belongs to the server"},
		"twilio without a secret":      {"twilio", nil, verify.Material{}, "secrets", "needs a secret"},
		"twilio with a tolerance":      {"twilio", webhook.Options{"tolerance": {"1"}}, secret("x"), "tolerance", ""},
		"mailgun without a secret":     {"mailgun", nil, verify.Material{}, "secrets", "needs a secret"},
		"sns without topics":           {"aws-sns", nil, elsewhere, "topicArns", "needs the topics"},
		"sns with an empty topic":      {"aws-sns", webhook.Options{"topicArns": {""}}, elsewhere, "topicArns", "empty"},
		"sns with a pattern":           {"aws-sns", webhook.Options{"topicArns": {"arn:aws:sns:*:123456789012:*"}}, elsewhere, "topicArns", "is not the ARN"},
		"sns with a queue":             {"aws-sns", webhook.Options{"topicArns": {"arn:aws:sqs:eu-west-1:123456789012:q"}}, elsewhere, "topicArns", "is not the ARN"},
		"sns without key and fetching": {"aws-sns", topics, verify.Material{}, "keys", "needs a certificate"},
		"sns with a secret":            {"aws-sns", topics, secret("x"), "secrets", "takes no secret"},
		"sns with MD5":                 {"aws-sns", webhook.Options{"topicArns": {snsTopic}, "algorithms": {"md5"}}, elsewhere, "algorithms", "none of"},
		"key that is no PEM":           {"aws-sns", topics, keys("x"), "keys", "no PEM"},
		"key that is no key":           {"aws-sns", topics, keys("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "keys", "no RSA key"},
		"certificate that is none":     {"aws-sns", topics, keys("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "keys", "cannot be read"},
		"private key":                  {"aws-sns", topics, keys(string(privatePEM(signerKey()))), "keys", "something else"},
		"weak key":                     {"aws-sns", topics, keys(string(publicPEM(weak))), "keys", "no RSA key of 2048"},
		"eleven certificates":          {"aws-sns", topics, keys(strings.Repeat(string(publicPEM(signerKey())), 11)), "keys", "more than 10"},
		"paypal without an id":         {"paypal", nil, elsewhere, "webhookId", "needs the id"},
		"paypal with a bar in the id":  {"paypal", webhook.Options{"webhookId": {"a|b"}}, elsewhere, "webhookId", "needs the id"},
		"paypal without a key":         {"paypal", webhook.Options{"webhookId": {"a"}}, verify.Material{}, "keys", "needs a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := p.Compile(webhook.Verify{Preset: c.preset, Options: c.options}, c.material)
			if err == nil || v != nil {
				t.Fatal("compiled")
			}
			if fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("got  %v\nwant %s: %s", err, c.parameter, c.want)
			}
			for _, s := range c.material.Secrets {
				if len(s.Text) > 8 && strings.Contains(err.Error(), string(s.Text)) {
					t.Error("the error quotes the secret")
				}
			}
		})
	}
}

// TestSchemeRotation: while a secret is replaced both prove, and the old one only until its end.
func TestSchemeRotation(t *testing.T) {
	t.Parallel()
	p := load(t)
	for _, name := range []string{"basic", "bearer", "api-key", "gitlab", "telegram", "twilio", "mailgun", "microsoft-graph", "okta", "azure-event-grid"} {
		req, _ := signed(t, name, outgoing(name))
		w, m := settingsOf(name)
		m.Secrets[0].NotAfter = schemeNow.Add(time.Minute)
		m.Secrets = append([]verify.Secret{{Text: []byte("ada:new secret")}}, m.Secrets...)
		v, err := p.Compile(w, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(req, schemeNow.Add(time.Minute)); err != nil {
			t.Errorf("%s: refused before the end: %v", name, err)
		}
		if _, err := v.Verify(req, schemeNow.Add(61*time.Second)); reason(err) != verify.TokenMismatch && reason(err) != verify.SignatureMismatch {
			t.Errorf("%s: behind the end: %v", name, err)
		}
		m.Secrets = m.Secrets[1:]
		if v, err = p.Compile(w, m); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(req, schemeNow.Add(61*time.Second)); reason(err) != verify.SecretExpired {
			t.Errorf("%s: no secret lives: %v", name, err)
		}
	}
}
