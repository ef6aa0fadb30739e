package admin

import (
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// FuzzInput: no query or body panics; what is taken is a value of the model, what is not has a code.
func FuzzInput(f *testing.F) {
	f.Add("a=1&params=body", "application/json", `{"b":[1]}`)
	f.Add("a=1", "application/x-www-form-urlencoded", "b=%20&b=2")
	f.Add("", "text/plain", "hello")
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/?" + query)
		ctx.Request.Header.SetContentType(contentType)
		ctx.Request.SetBodyString(body)
		params, v, err := input(&ctx)
		if err != nil {
			if fault.CodeOf(err) == fault.Internal {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		for _, got := range []any{params, v} {
			if _, err := value.AppendJSON(nil, got); err != nil {
				t.Fatalf("not a value: %v", err)
			}
		}
	})
}

// FuzzCall: no request of a pipeline panics; what is taken are values of the model, what is not has a code.
func FuzzCall(f *testing.F) {
	f.Add("a=1", "application/json", `{"b":[1]}`)
	f.Add("", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=pipeline\r\n\r\nx\r\n--b--\r\n")
	f.Add("", "application/x-pipeline-uri", "log?message=a")
	f.Add("", "", "\xff")
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/?" + query)
		ctx.Request.Header.SetContentType(contentType)
		ctx.Request.SetBodyString(body)
		stored, err := readCall(&ctx)
		_, adHoc, err2 := readAdHoc(&ctx)
		for _, err := range []error{err, err2} {
			if err != nil && fault.CodeOf(err) == fault.Internal {
				t.Fatalf("no code: %v", err)
			}
		}
		if err != nil || err2 != nil {
			return
		}
		for _, call := range []Call{stored, adHoc} {
			for _, got := range []any{call.Body, call.Vars, call.Request} {
				if _, err := value.AppendJSON(nil, got); err != nil {
					t.Fatalf("not a value: %v", err)
				}
			}
		}
	})
}
