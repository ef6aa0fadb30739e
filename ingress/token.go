package ingress

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
)

const (
	maxToken  = 128
	maxFields = 1000 // of a form or query that are looked at
)

// call is what the address and the header of a request say, beside the payload.
type call struct {
	token    []byte  // a view of the request where it needed no decoding
	inForm   bool    // the token was found in the body
	redirect bool    // pollingRedirectEnabled=true
	query    []param // the other query parameters
}

type param struct{ name, text string }

// readHead finds the token. Path, query and header may name it, with one and the same value. The reason is
// empty when all is well; the token may be missing even so.
func readHead(h *fasthttp.RequestHeader, path, query []byte) (call, string) {
	var c call
	if len(path) > 0 {
		if c.token = path; bytes.IndexByte(path, '%') >= 0 {
			token, ok := front.Unescape(path)
			if !ok {
				return c, reasonTokenMalformed
			}
			c.token = []byte(token)
		}
	}
	header, n := fields{h}.Field("Token")
	if n > 1 {
		return c, reasonHeaderRepeated
	}
	if n == 1 && !c.offer(header) {
		return c, reasonTokenAmbiguous
	}
	walk := front.Pairs{Rest: query}
	for count := 0; ; count++ {
		name, text, ok := walk.Next()
		if !ok {
			break
		}
		if count == maxFields {
			return c, reasonQueryMany
		}
		switch name {
		case "token", "uuid":
			if !c.offer([]byte(text)) {
				return c, reasonTokenAmbiguous
			}
		case redirectParam:
			c.redirect = text == "true"
		default:
			c.query = append(c.query, param{name, text})
		}
	}
	if walk.Broken {
		return c, reasonQueryMalformed
	}
	return c, ""
}

// offer takes a token, which must be the same as one that is already there.
func (c *call) offer(token []byte) bool {
	if len(c.token) > 0 && len(token) > 0 && !bytes.Equal(token, c.token) {
		return false
	}
	if len(token) > 0 {
		c.token = token
	}
	return true
}

// inBody reports whether the token can only be in the body, which is a form.
func (c *call) inBody(h *fasthttp.RequestHeader) bool {
	if len(c.token) > 0 || !h.IsPost() {
		return false
	}
	k := kindOf(h.ContentType())
	return k == kindForm || k == kindMultipart
}

// readForm looks for the token in the fields of a form, where nothing else names it: a form may have a field
// of that name for the sender's own purpose.
func (c *call) readForm(ctx *fasthttp.RequestCtx) string {
	body := ctx.Request.Body()
	reason := ""
	switch kindOf(ctx.Request.Header.ContentType()) {
	case kindForm:
		walk := front.Pairs{Rest: body}
		for range maxFields {
			name, text, ok := walk.Next()
			if !ok {
				break
			}
			if (name == "token" || name == "uuid") && !c.offer([]byte(text)) {
				return reasonTokenAmbiguous
			}
		}
	case kindMultipart:
		_, params, err := mime.ParseMediaType(string(ctx.Request.Header.ContentType()))
		if err != nil {
			return ""
		}
		reason = c.readMultipart(body, params["boundary"])
	}
	c.inForm = len(c.token) > 0
	return reason
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
		if !c.offer(text) {
			return reasonTokenAmbiguous
		}
	}
	return ""
}

// forget takes the webhook's token out of the fields of the form in which it was found: it is a secret and
// no part of an event's payload.
func (c *call) forget(form map[string]any) {
	if !c.inForm {
		return
	}
	isToken := func(v any) bool { text, _ := v.(string); return text == string(c.token) }
	for _, name := range []string{"token", "uuid"} {
		list, repeated := form[name].([]any)
		if isToken(form[name]) || repeated && !slices.ContainsFunc(list, func(v any) bool { return !isToken(v) }) {
			delete(form, name)
		}
	}
}

// smallBody is the size up to which a body is read before its webhook is looked up.
const smallBody = 64 << 10

// bodyLimit gives the most bytes of body that a request with this header may have: what its webhook takes.
// A webhook that is not known takes what most do, so that nobody learns which are. A token in the body is
// not known yet; then it is the largest that any webhook may take.
func (s *Server) bodyLimit(h *fasthttp.RequestHeader) int {
	if n := h.ContentLength(); n >= 0 && n <= smallBody {
		return smallBody
	}
	path, query, _ := bytes.Cut(h.RequestURI(), []byte{'?'})
	token, ours := webhookPath(path)
	if !ours {
		return smallBody
	}
	c, reason := readHead(h, token, query)
	if reason != "" {
		return smallBody
	}
	if c.inBody(h) {
		return s.options.BodyLimit
	}
	hook, _, _ := s.deps.Directory.lookup(c.token, s.deps.Now())
	return max(1, hook.webhook.MaxPayloadLength)
}

// webhookPath reports whether a path is that of a webhook, and gives the token in it.
func webhookPath(path []byte) (token []byte, ours bool) {
	if token, ours = bytes.CutPrefix(path, []byte(hooksPath)); ours {
		return token, true
	}
	return nil, string(path) == receivePath || string(path) == receiveColonPath
}
