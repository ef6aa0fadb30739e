package ingress

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
)

const (
	maxToken  = 128
	maxFields = 1000 // of a form or query that are looked at
)

// call is what the address and the header of a request say, beside the payload.
type call struct {
	token    string
	redirect bool    // pollingRedirectEnabled=true
	query    []param // the other query parameters
}

type param struct{ name, text string }

// readCall finds the token. Path, query and header may name it, with one and the same value. Only when
// none of them does, the fields of a form body are searched: a form may have a field of that name for
// the sender's own purpose. The reason is empty when all is well; the token may be missing even so.
func readCall(ctx *fasthttp.RequestCtx, path []byte) (call, string) {
	var c call
	if len(path) > 0 {
		token, ok := front.Unescape(path)
		if !ok {
			return c, "token.malformed"
		}
		c.token = token
	}
	header, n := fields{&ctx.Request.Header}.Field("Token")
	if n > 1 {
		return c, "header.repeated"
	}
	if n == 1 && !c.offer(string(header)) {
		return c, "token.ambiguous"
	}
	walk := front.Pairs{Rest: ctx.URI().QueryString()}
	for count := 0; ; count++ {
		name, text, ok := walk.Next()
		if !ok {
			break
		}
		if count == maxFields {
			return c, "query.many"
		}
		switch name {
		case "token", "uuid":
			if !c.offer(text) {
				return c, "token.ambiguous"
			}
		case redirectParam:
			c.redirect = text == "true"
		default:
			c.query = append(c.query, param{name, text})
		}
	}
	if walk.Broken {
		return c, "query.malformed"
	}
	if c.token == "" && ctx.IsPost() {
		return c, c.readForm(ctx)
	}
	return c, ""
}

// offer takes a token, which must be the same as one that is already there.
func (c *call) offer(token string) bool {
	if c.token != "" && token != "" && token != c.token {
		return false
	}
	if token != "" {
		c.token = token
	}
	return true
}

func (c *call) readForm(ctx *fasthttp.RequestCtx) string {
	kind, params, err := mime.ParseMediaType(string(ctx.Request.Header.ContentType()))
	if err != nil {
		return ""
	}
	body := ctx.Request.Body()
	switch kind {
	case "application/x-www-form-urlencoded":
		walk := front.Pairs{Rest: body}
		for range maxFields {
			name, text, ok := walk.Next()
			if !ok {
				break
			}
			if (name == "token" || name == "uuid") && !c.offer(text) {
				return "token.ambiguous"
			}
		}
	case "multipart/form-data":
		return c.readMultipart(body, params["boundary"])
	}
	return ""
}

func (c *call) readMultipart(body []byte, boundary string) string {
	const maxParts = 64
	if boundary == "" {
		return ""
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := r.NextRawPart()
		if err != nil {
			return ""
		}
		if name := part.FormName(); part.FileName() != "" || name != "token" && name != "uuid" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxToken+1))
		if err != nil {
			return ""
		}
		if !c.offer(string(text)) {
			return "token.ambiguous"
		}
	}
	return ""
}

// fields shows a request's header to the verifier.
type fields struct{ h *fasthttp.RequestHeader }

// Field gives the first value of a field and how often it occurs.
func (f fields) Field(name string) ([]byte, int) {
	values := f.h.PeekAll(name)
	if len(values) == 0 {
		return nil, 0
	}
	return values[0], len(values)
}

// Values gives all values of a field.
func (f fields) Values(name string) [][]byte { return f.h.PeekAll(name) }
