package ingress

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/webhook"
)

// FuzzQuery: what the strict walk takes, net/url takes with the same pairs, and it stops at nothing else
// than a broken escape.
func FuzzQuery(f *testing.F) {
	f.Add("token=a&b=%20c+d&&e")
	f.Add("%zz=1&a=2")
	f.Fuzz(func(t *testing.T, query string) {
		p := pairs{rest: []byte(query)}
		got := url.Values{}
		for {
			name, text, ok := p.next()
			if !ok {
				break
			}
			got.Add(name, text)
		}
		if strings.Contains(query, ";") { // net/url refuses these
			return
		}
		want, err := url.ParseQuery(query)
		if p.broken != (err != nil) {
			t.Fatalf("broken %v, net/url says %v", p.broken, err)
		}
		if !p.broken && got.Encode() != want.Encode() {
			t.Fatalf("read %v, net/url %v", got, want)
		}
	})
}

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
