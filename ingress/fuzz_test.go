package ingress

import (
	"encoding/json"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/event"
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
		c, reason := readCall(&ctx, []byte(path))
		if reason == "" && len(c.token) > len(path)+len(query)+len(body)+len(header) {
			t.Fatalf("token %q", c.token)
		}
	})
}

// FuzzPayload: whatever body and type come, the payload is refused or is JSON that the event can carry.
func FuzzPayload(f *testing.F) {
	f.Add("POST", "application/json", `{"a":1}`, "a")
	f.Add("POST", "text/plain", "\xff", "")
	f.Add("GET", "", "", "b\xff")
	f.Fuzz(func(t *testing.T, method, contentType, body, query string) {
		for _, kind := range []webhook.PayloadType{webhook.Base64, webhook.Raw, webhook.Ignore} {
			var ctx fasthttp.RequestCtx
			ctx.Request.Header.SetMethod(method)
			ctx.Request.Header.SetContentType(contentType)
			ctx.Request.SetBodyString(body)
			text, reason := payload(&ctx, kind, []param{{query, body}})
			if reason != "" {
				continue
			}
			if text != nil && !json.Valid(text) {
				t.Fatalf("%s: %q", kind, text)
			}
			e := event.Event{ID: "x", Key: "a", Payload: text}
			if _, _, err := event.Unmarshal(e.AppendJSON(nil)); err != nil {
				t.Fatalf("%s: the event cannot be read: %v", kind, err)
			}
		}
	})
}
