package builtin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// execute runs one command the way the command line does.
func execute(t *testing.T, w commandtest.World, name string, params map[string]any) (any, error) {
	t.Helper()
	registry, err := command.NewRegistry(builtin.All(w.Deps())...)
	if err != nil {
		t.Fatal(err)
	}
	def, err := registry.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return command.Execute(t.Context(), def, params, command.Call{})
}

const token = "5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11"

func TestWebhookPutFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	got, err := execute(t, w, "webhook.put", map[string]any{
		"eventKey": "webhook.lead.created", "uuid": token, "payloadType": "RAW", "maxPayloadLength": "1000", "verify": "hmac",
		"secret": "env:SECRET", "tolerance": "60", "header": "X-Sig", "algorithm": "sha512", "encoding": "base64", "prefix": "v1=",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"id": "wh_1", "eventKey": "webhook.lead.created", "webhookUrl": "http://localhost/api/v3/command/webhook.receive?token=" + token,
		"uuid": token, "payloadType": "raw", "maxPayloadLength": 1000, "verify": "hmac", "secrets": 1, "enabled": true,
		"secretSources": []any{map[string]any{"from": "env:SECRET", "notAfter": nil}}, "tolerance": 60,
		"options": map[string]any{"header": []any{"X-Sig"}, "algorithm": []any{"sha512"}, "encoding": []any{"base64"}, "prefix": []any{"v1="}},
		"tokens":  []any{map[string]any{"hint": "2f7b11", "created": commandtest.Now().UTC().Format(time.RFC3339), "notAfter": nil, "lastUsed": nil}},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
	stored := webhook.Webhook{
		ID: "wh_1", EventKey: "webhook.lead.created", PayloadType: webhook.Raw, MaxPayloadLength: 1000,
		Tokens: []webhook.Token{webhook.NewToken(token, commandtest.Now())},
		Verify: webhook.Verify{
			Preset: "hmac", Secrets: []webhook.Secret{{Ref: "env:SECRET"}}, Tolerance: 60,
			Options: webhook.Options{"header": {"X-Sig"}, "algorithm": {"sha512"}, "encoding": {"base64"}, "prefix": {"v1="}},
		},
	}
	if diff := cmp.Diff(stored, w.Webhooks()["wh_1"]); diff != "" {
		t.Error(diff)
	}
}

// TestWebhookPutChangesOnlyWhatIsGiven starts each case from the same webhook.
func TestWebhookPutChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	before := webhook.Webhook{
		ID: "wh_1", Tokens: []webhook.Token{webhook.NewToken(token, commandtest.Now())}, EventKey: "webhook.a", PayloadType: webhook.Ignore, MaxPayloadLength: 7,
		Verify: webhook.Verify{Preset: "hmac", Secrets: []webhook.Secret{{Ref: "one"}}, Tolerance: 60, Options: webhook.Options{"header": {"X-Sig"}, "algorithm": {"sha1"}, "encoding": {"hex"}, "prefix": {"p"}}},
	}
	cases := map[string]struct {
		params map[string]any
		change func(w *webhook.Webhook)
	}{
		"nothing":          {nil, func(*webhook.Webhook) {}},
		"eventKey":         {map[string]any{"eventKey": "webhook.b"}, func(w *webhook.Webhook) { w.EventKey = "webhook.b" }},
		"payloadType":      {map[string]any{"payloadType": "raw"}, func(w *webhook.Webhook) { w.PayloadType = webhook.Raw }},
		"maxPayloadLength": {map[string]any{"maxPayloadLength": 9}, func(w *webhook.Webhook) { w.MaxPayloadLength = 9 }},
		"same preset":      {map[string]any{"preset": "hmac"}, func(*webhook.Webhook) {}},
		"other preset":     {map[string]any{"preset": "github"}, func(w *webhook.Webhook) { w.Verify = webhook.Verify{Preset: "github"} }},
		"other with secret": {map[string]any{"preset": "github", "secret": "two"}, func(w *webhook.Webhook) {
			w.Verify = webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "two"}}}
		}},
		"no preset":    {map[string]any{"preset": ""}, func(w *webhook.Webhook) { w.Verify = webhook.Verify{} }},
		"secret":       {map[string]any{"secret": "two"}, func(w *webhook.Webhook) { w.Verify.Secrets = []webhook.Secret{{Ref: "two"}} }},
		"two secrets":  {map[string]any{"secret": []any{"one", "two"}}, func(w *webhook.Webhook) { w.Verify.Secrets = []webhook.Secret{{Ref: "one"}, {Ref: "two"}} }},
		"no secret":    {map[string]any{"secret": ""}, func(w *webhook.Webhook) { w.Verify.Secrets = nil }},
		"tolerance":    {map[string]any{"tolerance": 0}, func(w *webhook.Webhook) { w.Verify.Tolerance = 0 }},
		"header":       {map[string]any{"header": "X-B"}, func(w *webhook.Webhook) { w.Verify.Options["header"] = []string{"X-B"} }},
		"algorithm":    {map[string]any{"algorithm": "sha256"}, func(w *webhook.Webhook) { w.Verify.Options["algorithm"] = []string{"sha256"} }},
		"encoding":     {map[string]any{"encoding": "base64"}, func(w *webhook.Webhook) { w.Verify.Options["encoding"] = []string{"base64"} }},
		"title":        {map[string]any{"title": "Leads"}, func(w *webhook.Webhook) { w.Title = "Leads" }},
		"tags":         {map[string]any{"tags": "crm, sales"}, func(w *webhook.Webhook) { w.Tags = []string{"crm", "sales"} }},
		"disabled":     {map[string]any{"enabled": "false"}, func(w *webhook.Webhook) { w.Disabled = true }},
		"methods":      {map[string]any{"methods": []any{"POST", "PUT"}}, func(w *webhook.Webhook) { w.Methods = []string{"POST", "PUT"} }},
		"contentTypes": {map[string]any{"contentTypes": "text/*"}, func(w *webhook.Webhook) { w.ContentTypes = []string{"text/*"} }},
		"ending secret": {map[string]any{"secrets": []any{map[string]any{"secret": "one", "notAfter": "2026-02-01T01:00:00+01:00"}, "two"}}, func(w *webhook.Webhook) {
			w.Verify.Secrets = []webhook.Secret{{Ref: "one", NotAfter: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}, {Ref: "two"}}
		}},
		"secrets as JSON": {map[string]any{"secret": `["one", {"secret": "two", "notAfter": "2026-02-01T00:00:00Z"}]`}, func(w *webhook.Webhook) {
			w.Verify.Secrets = []webhook.Secret{{Ref: "one"}, {Ref: "two", NotAfter: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}}
		}},
		"secret like JSON": {map[string]any{"secret": `["one`}, func(w *webhook.Webhook) { w.Verify.Secrets = []webhook.Secret{{Ref: `["one`}} }},
		"key":              {map[string]any{"key": "file:key.pem"}, func(w *webhook.Webhook) { w.Verify.Keys = []string{"file:key.pem"} }},
		"keys":             {map[string]any{"keys": []any{"a", "b"}}, func(w *webhook.Webhook) { w.Verify.Keys = []string{"a", "b"} }},
		"JWKS":             {map[string]any{"key": `{"keys":[]}`}, func(w *webhook.Webhook) { w.Verify.Keys = []string{`{"keys":[]}`} }},
		"list option":      {map[string]any{"topicArns": "a,b"}, func(w *webhook.Webhook) { w.Verify.Options["topicArns"] = []string{"a", "b"} }},
		"weak":             {map[string]any{"acceptWeak": true}, func(w *webhook.Webhook) { w.Verify.Options["acceptWeak"] = []string{"true"} }},
		"not weak":         {map[string]any{"acceptWeak": false}, func(*webhook.Webhook) {}},
		"allow":            {map[string]any{"allow": "@github,192.0.2.1"}, func(w *webhook.Webhook) { w.Allow = []string{"@github", "192.0.2.1"} }},
		"proxies":          {map[string]any{"trustedProxies": "192.0.2.1"}, func(w *webhook.Webhook) { w.TrustedProxies = []string{"192.0.2.1"} }},
		"rate":             {map[string]any{"rate": "0.5", "burst": 3}, func(w *webhook.Webhook) { w.Rate = webhook.Rate{PerSecond: 0.5, Burst: 3} }},
		"dedupe": {map[string]any{"dedupe": "body.id", "dedupeWindow": "1h"}, func(w *webhook.Webhook) {
			w.Dedupe = webhook.Dedupe{Key: "body.id", Window: 3600}
		}},
		"schema": {map[string]any{"schema": map[string]any{"type": "object"}, "schemaMode": "park"}, func(w *webhook.Webhook) {
			w.Schema = webhook.Schema{Mode: webhook.Park, Document: []byte(`{"type":"object"}`)}
		}},
		"schema text": {map[string]any{"schema": `{"type":"object"}`}, func(w *webhook.Webhook) { w.Schema.Document = []byte(`{"type":"object"}`) }},
		"no schema":   {map[string]any{"schema": ""}, func(*webhook.Webhook) {}},
		"response": {map[string]any{"responseStatus": 202, "responseHeaders": `{"X-A":"b"}`, "responseBody": "ok", "responseWait": "5s"}, func(w *webhook.Webhook) {
			w.Response = webhook.Response{Status: 202, Headers: map[string]string{"X-A": "b"}, Body: "ok", Wait: 5000}
		}},
		"prefix": {map[string]any{"prefix": ""}, func(w *webhook.Webhook) { delete(w.Verify.Options, "prefix") }},
	}
	for name, c := range cases {
		w := commandtest.NewWorld()
		w.KeepWebhook(before.Clone())
		params := map[string]any{"uuid": token}
		for k, v := range c.params {
			params[k] = v
		}
		if _, err := execute(t, w, "webhook.put", params); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := before.Clone()
		c.change(&want)
		if diff := cmp.Diff(want, w.Webhooks()["wh_1"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWebhookPutMessages holds the text that a person gets for each parameter, on the command line and,
// with its place, in a pipeline.
func TestWebhookPutMessages(t *testing.T) {
	t.Parallel()
	const canary = "S3CRET"
	const takes = "title, tags, enabled, payloadType, maxPayloadLength, methods, contentTypes, preset, verify, secret, secrets, key, keys, tolerance, " +
		"header, parameter, algorithm, encoding, prefix, verifyToken, origins, topicArns, issuer, audience, algorithms, jwksUrl, webhookId, requiredComponents, timestampHeader, signed, authAlgo, acceptWeak, " +
		"allow, trustedProxies, rate, burst, dedupe, dedupeWindow, schema, schemaMode, responseStatus, responseHeaders, responseBody, responseWait"
	cases := []struct {
		name, param string // param as a pipeline writes it
		value       any    // and as the command line gives it
		want        string
		code        fault.Code
		runtime     bool // found when the command runs
	}{
		{"eventKey", "{a: b}", map[string]any{"a": "b"}, `parameter "eventKey" must be a text, not a map`, fault.CommandType, false},
		{"eventKey", `""`, "", `parameter "eventKey" is missing; a new webhook needs it; to change one, give its uuid`, fault.CommandMissing, true},
		{"uuid", "[1]", []any{1}, `parameter "uuid" must be a text, not a list`, fault.CommandType, false},
		{"payloadType", "rwa", "rwa", `parameter "payloadType" must be one of base64, raw, outbound, ignore; did you mean "raw"?`, fault.CommandType, false},
		{"maxPayloadLength", "500 KB", "500 KB", `parameter "maxPayloadLength" must be a number, not another text`, fault.CommandType, false},
		{"maxPayloadLength", "1.5", "1.5", `parameter "maxPayloadLength" must be a whole number`, fault.CommandType, true},
		{"maxPayloadLength", "true", true, `parameter "maxPayloadLength" must be a number, not a boolean`, fault.CommandType, false},
		{"preset", "{github: 1}", map[string]any{"github": 1}, `parameter "preset" must be a text, not a map`, fault.CommandType, false},
		{"secret", "{a: " + canary + "}", map[string]any{"a": canary}, `parameter "secret" must be a text, or a list of texts and maps with secret and notAfter`, fault.CommandType, true},
		{"secret", "[" + canary + ", 5]", []any{canary, 5}, `parameter "secret" must be a text, or a list of texts and maps with secret and notAfter`, fault.CommandType, true},
		{"tolerance", "5m", "5m", `parameter "tolerance" must be a number, not another text`, fault.CommandType, false},
		{"tolerance", "0.5", 0.5, `parameter "tolerance" must be a whole number`, fault.CommandType, true},
		{"header", "[x]", []any{"x"}, `parameter "header" must be a text, not a list`, fault.CommandType, false},
		{"algorithm", "sha265", "sha265", `parameter "algorithm" must be one of sha256, sha512, sha1; did you mean "sha256"?`, fault.CommandType, false},
		{"encoding", "base46", "base46", `parameter "encoding" must be one of hex, base64; did you mean "base64"?`, fault.CommandType, false},
		{"prefix", "{}", map[string]any{}, `parameter "prefix" must be a text, not a map`, fault.CommandType, false},
		{"tags", "[1]", []any{1}, `parameter "tags" must be a list of texts`, fault.CommandType, true},
		{"enabled", "maybe", "maybe", `parameter "enabled" must be true or false`, fault.CommandType, false},
		{"secret", "[{secret: " + canary + ", notAfter: tomorrow}]", []any{map[string]any{"secret": canary, "notAfter": "tomorrow"}}, `parameter "secret" must be a text, or a list of texts and maps with secret and notAfter`, fault.CommandType, true},
		{"key", "[1]", []any{1}, `parameter "key" must be a text or a list of texts`, fault.CommandType, true},
		{"verifyToken", "[" + canary + "]", []any{canary}, `parameter "verifyToken" must be a text, not a list`, fault.CommandType, false},
		{"topicArns", "{a: b}", map[string]any{"a": "b"}, `parameter "topicArns" must be a list, not a map`, fault.CommandType, false},
		{"dedupeWindow", "1500", 1500, `parameter "dedupeWindow" must be a duration of whole seconds`, fault.CommandType, true},
		{"schema", "'{'", "{", `parameter "schema" must be a map, or the JSON text of one`, fault.CommandType, true},
		{"schemaMode", "parc", "parc", `parameter "schemaMode" must be one of reject, park, warn; did you mean "park"?`, fault.CommandType, false},
		{"responseHeaders", "{a: 1}", map[string]any{"a": 1}, `parameter "responseHeaders" must be a map of texts`, fault.CommandType, true},
		{"responseWait", "soon", "soon", `parameter "responseWait" must be a duration; write a text such as "500ms", "5s" or "2m", or a number of milliseconds`, fault.CommandType, false},
		{"payloadtype", "raw", "raw", `webhook.put has no parameter "payloadtype"; did you mean "payloadType"?`, fault.CommandParam, false},
		{"pipeline", "x", "x", `webhook.put has no parameter "pipeline"; it takes eventKey, uuid, webhook, ` + takes, fault.CommandParam, false},
	}
	for _, c := range cases {
		w := commandtest.NewWorld()
		params := map[string]any{"eventKey": "webhook.a", c.name: c.value}
		_, err := execute(t, w, "webhook.put", params)
		if err == nil {
			t.Errorf("%s %v: accepted", c.name, c.value)
			continue
		}
		if err.Error() != c.want || fault.CodeOf(err) != c.code {
			t.Errorf("%s, command line:\n got %s %v\nwant %s %s", c.name, fault.CodeOf(err), err, c.code, c.want)
		}

		text := "pipeline:\n  - webhook.put:\n      eventKey: webhook.a\n      " + c.name + ": " + c.param + "\n"
		place := "example.pi.yaml:4:"
		if c.name == "eventKey" {
			text = "pipeline:\n  - webhook.put:\n      eventKey: " + c.param + "\n"
			place = "example.pi.yaml:3:"
		}
		if c.runtime {
			place = "example.pi.yaml:2:5: step 1 (webhook.put): "
		}
		_, err = commandtest.Run(t.Context(), builtin.All(w.Deps()), text, "")
		if err == nil || !strings.HasPrefix(err.Error(), place) || !strings.HasSuffix(err.Error(), ": "+c.want) || fault.CodeOf(err) != c.code {
			t.Errorf("%s, pipeline:\n got %v\nwant %s ... %s", c.name, err, place, c.want)
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the message shows the secret", c.name)
		}
		if len(w.Webhooks()) != 0 {
			t.Errorf("%s: something was stored", c.name)
		}
	}
}

// TestSecretsAreNeverShown: not by put, get or list.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	for _, command := range []string{
		"webhook.put: {eventKey: webhook.a, uuid: " + token + ", preset: github, secret: S3CRET, verifyToken: S3CRET}",
		"webhook.get: {uuid: " + token + "}",
		"webhook.get",
	} {
		got, err := commandtest.Run(t.Context(), builtin.All(w.Deps()), "pipeline:\n  - "+command+"\n", "")
		if err != nil || strings.Contains(got, "S3CRET") || !strings.Contains(got, `"secrets":1`) {
			t.Errorf("%s: %s, %v", command, got, err)
		}
	}
}

// TestTokensAreShownOnce: by put and rotate when they are new, never by anything later.
func TestTokensAreShownOnce(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	made, err := execute(t, w, "webhook.put", map[string]any{"eventKey": "webhook.a", "uuid": token})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := made.(map[string]any)["id"].(string)
	rotated, err := execute(t, w, "webhook.rotate", map[string]any{"uuid": id, "grace": "1h"})
	if err != nil {
		t.Fatal(err)
	}
	next, _ := rotated.(map[string]any)["uuid"].(string)
	url, _ := rotated.(map[string]any)["webhookUrl"].(string)
	if next == "" || next == token || !strings.HasSuffix(url, next) {
		t.Fatalf("rotated %v", rotated)
	}
	for name, params := range map[string]map[string]any{
		"webhook.get": nil, "webhook.put": {"webhook": id, "title": "A"}, "webhook.disable": {"uuid": next}, "webhook.enable": {"webhook": id},
	} {
		got, err := execute(t, w, name, params)
		if err != nil {
			t.Fatal(err)
		}
		text, err := value.AppendJSON(nil, got)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), token) || strings.Contains(string(text), next) || !strings.Contains(string(text), id) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestWebhookSample(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	if _, err := execute(t, w, "webhook.put", map[string]any{"eventKey": "webhook.a", "uuid": token}); err != nil {
		t.Fatal(err)
	}
	got, err := execute(t, w, "webhook.sample", map[string]any{"webhook": token, "event": "push", "body": "{}"})
	want := map[string]any{
		"method": "POST", "url": "http://localhost/api/v3/command/webhook.receive?token=sample",
		"headers": []any{[]any{"X-A", "b"}}, "body": "{}", "event": "push",
	}
	if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestWithoutAServer: what needs a part that is not there says so.
func TestWithoutAServer(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		"webhook.put: {eventKey: a}", "webhook.get", "webhook.delete: x", "webhook.rotate: x", "webhook.sample: x", "webhook.enable: x", "webhook.disable: x", "event.send: {key: a}", "result.complete",
	} {
		_, err := commandtest.Run(t.Context(), builtin.All(builtin.Deps{Now: commandtest.Now}), "pipeline:\n  - "+call+"\n", "")
		if fault.CodeOf(err) != fault.CommandFailed || !strings.Contains(err.Error(), "here; run the pipeline on a server") {
			t.Errorf("%s: %v", call, err)
		}
	}
	var list fault.List
	_, err := pipeline.Load("a.pi.yaml", []byte("pipeline: x"), pipeline.Deps{})
	if !errors.As(err, &list) {
		t.Error(err)
	}
}
