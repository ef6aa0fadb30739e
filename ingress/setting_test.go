package ingress_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// listed is a directory that knows the address lists that ship.
func listed(t *testing.T) (*world, *ingress.Directory) {
	t.Helper()
	lists, err := netlist.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := emptyWorld(t)
	d, err := ingress.NewDirectory(t.Context(), w, presets(t), secrets{}, ingress.DirectoryOptions{Lists: lists, Now: w.now, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	return w, d
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	w, d := listed(t)
	many := func(n int, text string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf(text, i%250)
		}
		return out
	}
	headers := func(n int) map[string]string {
		out := map[string]string{}
		for i := range n {
			out[fmt.Sprint("X-", i)] = "x"
		}
		return out
	}
	for name, c := range map[string]struct {
		hook        webhook.Webhook
		where, want string
	}{
		"title of two lines":     {webhook.Webhook{Title: "a\nb"}, "title", "one line"},
		"title too long":         {webhook.Webhook{Title: strings.Repeat("a", 201)}, "title", "200 bytes"},
		"many tags":              {webhook.Webhook{Tags: many(33, "t%d")}, "tags", "32 are allowed"},
		"tag with a space":       {webhook.Webhook{Tags: []string{"a b"}}, "tags", "a word"},
		"tag with a comma":       {webhook.Webhook{Tags: []string{"a,b"}}, "tags", "a word"},
		"empty tag":              {webhook.Webhook{Tags: []string{""}}, "tags", "a word"},
		"method":                 {webhook.Webhook{Methods: []string{"POTS"}}, "methods", `did you mean "POST"?`},
		"method TRACE":           {webhook.Webhook{Methods: []string{"TRACE"}}, "methods", "none of GET, POST, PUT, PATCH, DELETE"},
		"content type":           {webhook.Webhook{ContentTypes: []string{"json"}}, "contentTypes", "no content type"},
		"content type parameter": {webhook.Webhook{ContentTypes: []string{"text/plain; charset=utf-8"}}, "contentTypes", "without parameters"},
		"content type star":      {webhook.Webhook{ContentTypes: []string{"*/json"}}, "contentTypes", "no content type"},
		"content type inside":    {webhook.Webhook{ContentTypes: []string{"text/pl*in"}}, "contentTypes", "no content type"},
		"many content types":     {webhook.Webhook{ContentTypes: many(33, "text/t%d")}, "contentTypes", "32 are allowed"},
		"address":                {webhook.Webhook{Allow: []string{"192.0.2.256"}}, "allow", "is no address"},
		"network":                {webhook.Webhook{Allow: []string{"192.0.2.1/24"}}, "allow", "bits behind its mask"},
		"list":                   {webhook.Webhook{Allow: []string{"@githup"}}, "allow", `did you mean "github`},
		"many addresses":         {webhook.Webhook{Allow: many(1025, "192.0.2.%d")}, "allow", "1024 are allowed"},
		"everybody a proxy":      {webhook.Webhook{TrustedProxies: []string{"0.0.0.0/0"}}, "trustedProxies", "everybody is no proxy"},
		"proxy":                  {webhook.Webhook{TrustedProxies: []string{"proxy"}}, "trustedProxies", "is no address"},
		"rate":                   {webhook.Webhook{Rate: webhook.Rate{PerSecond: -1}}, "rate", "one a day to 1000000 a second"},
		"rate too high":          {webhook.Webhook{Rate: webhook.Rate{PerSecond: 1e7}}, "rate", "one a day to 1000000 a second"},
		"burst":                  {webhook.Webhook{Rate: webhook.Rate{PerSecond: 1, Burst: -1}}, "burst", "1 to 1000000"},
		"burst alone":            {webhook.Webhook{Rate: webhook.Rate{Burst: 1}}, "burst", "needs a rate"},
		"dedupe":                 {webhook.Webhook{Dedupe: webhook.Dedupe{Key: "body."}}, "dedupe", "cannot be used"},
		"dedupe of two":          {webhook.Webhook{Dedupe: webhook.Dedupe{Key: "${body.id}-${body.n}"}}, "dedupe", "write one expression"},
		"dedupe is a text":       {webhook.Webhook{Dedupe: webhook.Dedupe{Key: "id"}}, "dedupe", "cannot be used"},
		"dedupe too long":        {webhook.Webhook{Dedupe: webhook.Dedupe{Key: strings.Repeat("body.a + ", 500) + "1"}}, "dedupe", "cannot be used"},
		"window":                 {webhook.Webhook{Dedupe: webhook.Dedupe{Window: -1}}, "dedupeWindow", "1 second to 90 days"},
		"window too long":        {webhook.Webhook{Dedupe: webhook.Dedupe{Window: 91 * 24 * 3600}}, "dedupeWindow", "1 second to 90 days"},
		"window of none":         {webhook.Webhook{Dedupe: webhook.Dedupe{Key: "none", Window: 1}}, "dedupeWindow", "has no window"},
		"schema":                 {webhook.Webhook{Schema: webhook.Schema{Document: json.RawMessage(`{"type":"text"}`)}}, "schema", "the schema is wrong at"},
		"schema no JSON":         {webhook.Webhook{Schema: webhook.Schema{Document: json.RawMessage(`{`)}}, "schema", "not valid JSON"},
		"schema elsewhere":       {webhook.Webhook{Schema: webhook.Schema{Document: json.RawMessage(`{"$ref":"http://127.0.0.1/a"}`)}}, "schema", "another document"},
		"schema in a file":       {webhook.Webhook{Schema: webhook.Schema{Document: json.RawMessage(`{"$ref":"file:///etc/passwd"}`)}}, "schema", "another document"},
		"schema too large":       {webhook.Webhook{Schema: webhook.Schema{Document: json.RawMessage(`{"a":"` + strings.Repeat("a", 256<<10) + `"}`)}}, "schema", "more than 262144 bytes"},
		"schema mode":            {webhook.Webhook{Schema: webhook.Schema{Mode: "parc", Document: json.RawMessage(`{}`)}}, "schemaMode", `did you mean "park"?`},
		"schema mode alone":      {webhook.Webhook{Schema: webhook.Schema{Mode: webhook.Park}}, "schemaMode", "needs a schema"},
		"response status":        {webhook.Webhook{Response: webhook.Response{Status: 404}}, "responseStatus", "200 to 299"},
		"response wait":          {webhook.Webhook{Response: webhook.Response{Wait: 30_001}}, "responseWait", "30 seconds"},
		"response wait negative": {webhook.Webhook{Response: webhook.Response{Wait: -1}}, "responseWait", "30 seconds"},
		"response body":          {webhook.Webhook{Response: webhook.Response{Body: "${body."}}, "responseBody", "cannot be used"},
		"response body of 204":   {webhook.Webhook{Response: webhook.Response{Status: 204, Body: "x"}}, "responseBody", "has no body"},
		"response body large":    {webhook.Webhook{Response: webhook.Response{Body: strings.Repeat("x", 64<<10+1)}}, "responseBody", "65536 bytes"},
		"response header":        {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"a b": "x"}}}, "responseHeaders", "no header name"},
		"response header split":  {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"X-A": "x\r\nSet-Cookie: a"}}}, "responseHeaders", "control character"},
		"response header ours":   {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"content-length": "1"}}}, "responseHeaders", "the server's own"},
		"response cookie":        {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"Set-Cookie": "a=b"}}}, "responseHeaders", "the server's own"},
		"response correlation":   {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"Pipeforce-Result-CorrelationId": "1"}}}, "responseHeaders", "the server's own"},
		"response expression":    {webhook.Webhook{Response: webhook.Response{Headers: map[string]string{"X-A": "${"}}}, "responseHeaders", "cannot be used"},
		"response headers":       {webhook.Webhook{Response: webhook.Response{Headers: headers(17)}}, "responseHeaders", "16 are allowed"},
		"key":                    {webhook.Webhook{Verify: webhook.Verify{Preset: "ed25519", Keys: []string{"env:GONE"}}}, "keys", "GONE is not set"},
		"handshake token":        {webhook.Webhook{Verify: webhook.Verify{Preset: "meta", Secrets: []webhook.Secret{{Ref: "k"}}, Options: webhook.Options{"verifyToken": {"env:GONE"}}}}, "verifyToken", "GONE is not set"},
		"option":                 {webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}, Options: webhook.Options{"issuer": {"a"}}}}, "issuer", "does not take"},
	} {
		c.hook.EventKey = "a"
		_, _, err := d.Put(t.Context(), c.hook, "")
		if fault.CodeOf(err) != fault.WebhookInvalid || !strings.HasPrefix(err.Error(), c.where+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.hooks) != 0 {
		t.Errorf("something was stored: %+v", w.hooks)
	}
}

// TestSettingsAreCompleted: what is kept is written the one way.
func TestSettingsAreCompleted(t *testing.T) {
	t.Parallel()
	w, d := listed(t)
	made, _, err := d.Put(t.Context(), webhook.Webhook{
		EventKey: "a", Methods: []string{"post", "POST", "Put"}, ContentTypes: []string{"Application/JSON", "text/*", "application/*+json", "*/*"},
		Allow: []string{"@github", "2001:db8::/32"}, TrustedProxies: []string{"198.51.100.7"}, Rate: webhook.Rate{PerSecond: 0.5},
		Dedupe: webhook.Dedupe{Key: "body.id ?? request.query.id", Window: 60}, Schema: webhook.Schema{Document: json.RawMessage(" {\n\"type\": \"object\" }")},
		Response:    webhook.Response{Status: 202, Headers: map[string]string{"X-Id": "${context.correlationId}"}, Body: "ok ${body.id}", Wait: 5000},
		PayloadType: webhook.Outbound,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := made
	want.Methods, want.ContentTypes = []string{"POST", "PUT"}, []string{"application/json", "text/*", "application/*+json", "*/*"}
	want.Schema = webhook.Schema{Mode: webhook.Reject, Document: json.RawMessage(`{"type":"object"}`)}
	if diff := cmp.Diff(want, w.hooks[made.ID]); diff != "" {
		t.Error(diff)
	}
	if _, err := d.Change(t.Context(), made.ID, func(h *webhook.Webhook) error { h.Dedupe.Key = "${body.id}"; return nil }); err != nil {
		t.Error(err)
	}
	cleared, err := d.Change(t.Context(), made.ID, func(h *webhook.Webhook) error {
		*h = webhook.Webhook{EventKey: "a", Schema: webhook.Schema{Document: json.RawMessage("null")}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	plain := webhook.Webhook{
		ID: made.ID, Tokens: made.Tokens, EventKey: "a", PayloadType: webhook.Base64, MaxPayloadLength: webhook.DefaultMaxPayloadLength,
		Created: made.Created, Updated: made.Updated,
	}
	if diff := cmp.Diff(plain, cleared); diff != "" {
		t.Error(diff)
	}
}
