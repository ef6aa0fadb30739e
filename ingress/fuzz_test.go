package ingress

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// FuzzCall: no body, path or header panics the reading of a call, and the token is never longer than
// what was sent.
func FuzzCall(f *testing.F) {
	f.Add("abc", "token=a", "application/x-www-form-urlencoded", "token=b", "c")
	f.Add("", "", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--b--", "")
	f.Fuzz(func(t *testing.T, path, query, contentType, body, header string) {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/hooks/x?" + query)
		ctx.Request.Header.SetContentType(contentType)
		ctx.Request.Header.Set("Token", header)
		ctx.Request.SetBodyString(body)
		c, reason := readHead(&ctx.Request.Header, []byte(path), ctx.URI().QueryString())
		if reason == "" && c.inBody(&ctx.Request.Header) {
			reason = c.readForm(&ctx)
		}
		if reason == "" && len(c.token) > len(path)+len(query)+len(body)+len(header) {
			t.Fatalf("token %q", c.token)
		}
	})
}

// FuzzEventHeaders: whatever fields come, the event can be read, its names are those of the sender once each,
// and nothing stands for what the door says.
func FuzzEventHeaders(f *testing.F) {
	f.Add("X-A", "1", "x-a", "2", "X-Penstock-Event", "forged")
	f.Add("Content-Type", "text/plain", "User-Agent", "a\"b\\c", "X-Token", "secret")
	f.Add("x-penstock-delivery-id", "named", "X-Named", "\xff", "X-Many", "")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2, n3, v3 string) {
		var ctx fasthttp.RequestCtx
		for _, h := range [][2]string{{n1, v1}, {n2, v2}, {n3, v3}} {
			if h[0] == "" || strings.ContainsFunc(h[0], func(c rune) bool { return !isFieldName(string(c)) }) {
				return // the gate lets no such name in
			}
			ctx.Request.Header.Add(h[0], h[1])
		}
		v := visit{ctx: &ctx, hook: &entry{headers: []string{"x-penstock-delivery-id", "x-named"}, proofs: []string{"x-proof"}}}
		v.hook.webhook.Verify.Preset, v.delivery.ID, v.misfit = "github", `a"\b`, "# (\"x\")"
		e := event.Event{ID: "x", Key: "a", Time: time.Unix(0, 0), HeaderText: v.eventHeaders(&headerList{})}
		again, _, err := event.Unmarshal(e.AppendJSON(nil))
		if err != nil {
			t.Fatalf("%s: %v", e.HeaderText, err)
		}
		if h := again.Headers; h[factPreset] != "github" || h[factDelivery] != `a"\b` || h[factEvent] != "" || h[factSchema] != v.misfit || h["x-proof"] != "" || h["x-token"] != "" {
			t.Fatalf("%v", h)
		}
		for name, text := range again.Headers {
			if len(text) > maxEventHeader || name != strings.ToLower(name) {
				t.Fatalf("%q: %d bytes", name, len(text))
			}
		}
	})
}

// FuzzJSON: a body is taken as raw JSON exactly when it can be read inside of an event, and its text, numbers
// included, is the payload.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{` {"a":[1,2.50,"\u00e9",null,true]} `, `1e5`, `-0`, `{"a":1,"a":2}`, `[1 2]`, `"\ud800"`, `1e999`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.Header.SetContentType("application/json")
		v := visit{ctx: &ctx, hook: &entry{webhook: webhook.Webhook{PayloadType: webhook.Raw}}, body: body}
		e := event.Event{ID: "x", Key: "a", Time: time.Unix(0, 0)}
		r := v.fillRaw(&e)
		_, err := value.Decode(append(append([]byte("["), body...), ']'))
		if alone := value.Check(body, 1); (r.status == 0) != (alone == nil) || alone == nil && err != nil {
			t.Fatalf("%+v; alone %v, inside %v", r, alone, err)
		}
		if r.status != 0 {
			if r.status != 400 || r.reason != reasonPayloadJSON {
				t.Fatalf("%+v", r)
			}
			return
		}
		data := e.AppendJSON(nil)
		if _, _, err := event.Unmarshal(data); err != nil {
			t.Fatalf("the event cannot be read: %v", err)
		}
		if text, err := event.PayloadText(data); err != nil || string(text) != string(body) {
			t.Fatalf("payload %q, %v, want %q", text, err, body)
		}
	})
}

// FuzzPayload: whatever body and type come, the payload is refused or is JSON that the event can carry, and
// the body comes back from the event byte for byte.
func FuzzPayload(f *testing.F) {
	f.Add("POST", "application/json", ` {"a":1} `, "a")
	f.Add("POST", "text/plain", "\xff", "")
	f.Add("POST", "application/x-www-form-urlencoded", "a=1&b=%20", "")
	f.Add("POST", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nx\r\n--b--", "")
	f.Add("GET", "", "", "b\xff")
	presets, err := verify.Load()
	if err != nil {
		f.Fatal(err)
	}
	d, err := NewDirectory(f.Context(), silent{}, presets, silent{}, DirectoryOptions{PublicURL: "https://door.test", Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	s := &Server{deps: Deps{Directory: d}}
	f.Fuzz(func(t *testing.T, method, contentType, body, query string) {
		for _, kind := range []webhook.PayloadType{webhook.Base64, webhook.Raw, webhook.Ignore, webhook.Outbound} {
			var ctx fasthttp.RequestCtx
			ctx.Request.Header.SetMethod(method)
			ctx.Request.Header.SetContentType(contentType)
			ctx.Request.SetBodyString(body)
			v := visit{ctx: &ctx, hook: &entry{webhook: webhook.Webhook{PayloadType: kind}}, body: []byte(body)}
			v.call.query = []param{{query, body}}
			e := event.Event{ID: "x", Key: "a"}
			if r := s.fill(&v, &e); r.status != 0 {
				if r.status != 400 {
					t.Fatalf("%s: %+v", kind, r)
				}
				continue
			}
			if e.Payload != nil && !json.Valid(e.Payload) {
				t.Fatalf("%s: %q", kind, e.Payload)
			}
			e.HeaderText = v.eventHeaders(&headerList{})
			data := e.AppendJSON(nil)
			if _, _, err := event.Unmarshal(data); err != nil {
				t.Fatalf("%s: the event cannot be read: %v", kind, err)
			}
			got, ok, err := Original(data, e.Raw)
			if kept := len(body) > 0 && kind != webhook.Ignore; err != nil || kept && (!ok || string(got) != body) {
				t.Fatalf("%s: the body is %q, %v, %v, want %q", kind, got, ok, err, body)
			}
		}
	})
}
