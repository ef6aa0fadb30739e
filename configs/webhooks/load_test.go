package webhooks_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const whole = `# all settings
version: 1
id: leads
token: [env:LEADS_TOKEN, "sha256:aa"]
eventKey: webhook.lead.created
title: Leads
tags: [crm, sales]
enabled: false
payloadType: raw
maxPayloadLength: 1000
methods: POST
contentTypes: [application/json]
secret:
  - env:NEW
  - {secret: env:OLD, notAfter: 2026-02-01T00:00:00Z}
header: X-Sig
verify: hmac
tolerance: 60
allow: 192.0.2.0/24, "@github"
trustedProxies: [198.51.100.1]
rate: 0.5
burst: 3
dedupe: body.id
dedupeWindow: 1h
schema:
  type: object
  properties: {id: {type: integer, minimum: 1.5}}
schemaMode: park
responseStatus: 202
responseHeaders: {X-A: b}
responseBody: "${body}"
responseWait: 5s
`

func TestParse(t *testing.T) {
	t.Parallel()
	text := strings.Replace(whole, `192.0.2.0/24, "@github"`, `["192.0.2.0/24", "@github"]`, 1)
	got, err := webhooks.Parse("webhooks/a.webhook.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Places["secrets"]; at.String() != "webhooks/a.webhook.yaml:14:3" {
		t.Errorf("secrets at %s", at)
	}
	if at := got.Places["preset"]; at.String() != "webhooks/a.webhook.yaml:17:9" {
		t.Errorf("preset at %s", at)
	}
	got.Places = nil
	notAfter := got.Webhook.Verify.Secrets[1].NotAfter
	if notAfter.Unix() != 1_769_904_000 {
		t.Errorf("not after %v", notAfter)
	}
	want := webhook.Declaration{
		Webhook: webhook.Webhook{
			ID: "leads", Origin: "a.webhook.yaml", EventKey: "webhook.lead.created", Title: "Leads", Tags: []string{"crm", "sales"}, Disabled: true,
			PayloadType: webhook.Raw, MaxPayloadLength: 1000, Methods: []string{"POST"}, ContentTypes: []string{"application/json"},
			Verify: webhook.Verify{
				Preset: "hmac", Secrets: []webhook.Secret{{Ref: "env:NEW"}, {Ref: "env:OLD", NotAfter: notAfter}}, Tolerance: 60,
				Options: webhook.Options{"header": {"X-Sig"}},
			},
			Allow: []string{"192.0.2.0/24", "@github"}, TrustedProxies: []string{"198.51.100.1"},
			Rate: webhook.Rate{PerSecond: 0.5, Burst: 3}, Dedupe: webhook.Dedupe{Key: "body.id", Window: 3600},
			Schema:   webhook.Schema{Mode: webhook.Park, Document: []byte(`{"properties":{"id":{"minimum":1.5,"type":"integer"}},"type":"object"}`)},
			Response: webhook.Response{Wait: 5000, Status: 202, Headers: map[string]string{"X-A": "b"}, Body: "${body}"},
		},
		Tokens: []string{"env:LEADS_TOKEN", "sha256:aa"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const base = "token: env:T\neventKey: a\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "leads.webhook.yaml: reading a declared webhook: the file is empty"},
		"no YAML":           {"a: [", "leads.webhook.yaml: reading a declared webhook: line 1"},
		"two documents":     {base + "---\na: b\n", "more than one document"},
		"a list":            {"- a\n", "leads.webhook.yaml:1:1: a map of settings is needed here"},
		"unknown":           {base + "evntKey: b\n", `leads.webhook.yaml:3:1: unknown setting "evntKey"; did you mean "eventKey"?`},
		"unknown option":    {base + "topicArn: b\n", `leads.webhook.yaml:3:1: unknown setting "topicArn"; did you mean "topicArns"?`},
		"the token's name":  {base + "uuid: b\n", `leads.webhook.yaml:3:1: unknown setting "uuid"`},
		"twice":             {base + "eventKey: b\n", `leads.webhook.yaml:3:1: the setting "eventKey" occurs twice`},
		"alias name":        {base + "preset: github\nverify: github\n", `leads.webhook.yaml:4:1: the setting "verify" occurs twice`},
		"no token":          {"eventKey: a\n", "leads.webhook.yaml:1:1: the token is missing; write token: env:NAME, file:PATH or sha256:HEX"},
		"plain token":       {"token: CANARYCANARYCANARY\n", "leads.webhook.yaml:1:8: a token does not stand in a file itself; write env:NAME, file:PATH or sha256:HEX"},
		"three tokens":      {"token: [env:A, env:B, env:C]\n", "leads.webhook.yaml:1:8: a webhook has one token, or two"},
		"no reference":      {"token: 'env:'\n", "leads.webhook.yaml:1:8: a token does not stand"},
		"type":              {base + "maxPayloadLength: large\n", `leads.webhook.yaml:3:19: parameter "maxPayloadLength" must be a number, not another text`},
		"not whole":         {base + "tolerance: 1.5\n", `leads.webhook.yaml:3:12: parameter "tolerance" must be a whole number`},
		"enum":              {base + "payloadType: rwa\n", `leads.webhook.yaml:3:14: parameter "payloadType" must be one of base64, raw, outbound, ignore; did you mean "raw"?`},
		"secret":            {base + "secret: {secrt: CANARY}\n", `leads.webhook.yaml:3:9: parameter "secret" must be a text, or a list of texts and maps with secret and notAfter`},
		"anchor":            {base + "tags: &a [b]\n", "leads.webhook.yaml:3:7: anchors and aliases are not allowed"},
		"name twice inside": {base + "responseHeaders: {a: b, a: c}\n", `leads.webhook.yaml:3:25: the name "a" occurs twice, or is none`},
		"strange number":    {base + "tolerance: 0x10\n", `leads.webhook.yaml:3:12: "0x10" is no text, number`},
		"id":                {base + "id: A b\n", "leads.webhook.yaml:3:5: an id has 1 to 64"},
		"id of commands":    {base + "id: wh_a\n", "leads.webhook.yaml:3:5: an id has 1 to 64"},
		"version":           {base + "version: 2\n", "leads.webhook.yaml:3:10: this program knows files of version 1"},
	} {
		decl, err := webhooks.Parse("leads.webhook.yaml", []byte(c.text))
		var list fault.List
		if !errors.As(err, &list) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %+v\nwant %s", name, err, decl, c.want)
			continue
		}
		if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: the fault quotes it: %v", name, err)
		}
	}
	if _, err := webhooks.Parse("Leads!.webhook.yaml", []byte(base)); err == nil || !strings.Contains(err.Error(), "name is no id") {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	got, err := webhooks.Load(fstest.MapFS{
		"b.webhook.yaml": file("token: env:B\neventKey: b\n"), "a.webhook.yaml": file("token: env:A\neventKey: a\n"),
		"notes.txt": file("x"), "other.yaml": file("x"), "below/c.webhook.yaml": file("x"),
	}, "")
	if err != nil || len(got) != 2 || got[0].Webhook.ID != "a" || got[1].Webhook.ID != "b" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = webhooks.Load(fstest.MapFS{
		"a.webhook.yaml": file("token: env:B\nevenKey: b\n"), "b.webhook.yaml": file("x"), "c.webhook.yaml": file("token: env:C\nid: d\n"),
		"d.webhook.yaml": file("token: env:C\n"), "e.webhook.yaml": file(strings.Repeat("#", 512<<10+1)),
	}, "in")
	if len(got) != 1 || got[0].Webhook.ID != "d" || err == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, want := range []string{"in/a.webhook.yaml:2:1: ", "in/b.webhook.yaml:1:1: ", `in/d.webhook.yaml:1:1: id: the webhook of c.webhook.yaml has the id "d", too`, "in/e.webhook.yaml: the file has more than"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}

func TestLoadDir(t *testing.T) {
	t.Parallel()
	if got, err := webhooks.LoadDir(filepath.Join(t.TempDir(), "none")); got != nil || err != nil {
		t.Errorf("a missing folder: %v, %v", got, err)
	}
}

// FuzzParse: whatever a file holds, reading it ends, and a declaration that is taken has what it needs.
func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("token: env:T\neventKey: a\nsecret: [env:A, {secret: b, notAfter: 2026-01-01T00:00:00Z}]\n")
	f.Add("{a: &a [*a]}")
	f.Add("token: 'env:A'\n<<: {a: b}\n")
	f.Fuzz(func(t *testing.T, text string) {
		decl, err := webhooks.Parse("a.webhook.yaml", []byte(text))
		if err == nil && (decl.Webhook.ID == "" || len(decl.Tokens) == 0) {
			t.Errorf("%+v", decl)
		}
	})
}
