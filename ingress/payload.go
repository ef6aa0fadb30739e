package ingress

import (
	"bytes"
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// payload makes the JSON text of the event's payload. It is the one copy of the body. The payload is
// the body as it came, whatever its type; of a GET without a body it is the query without the door's own
// parameters, as an object (a repeated name gives a list). The reason is empty when all is well.
func payload(ctx *fasthttp.RequestCtx, kind webhook.PayloadType, query []param) ([]byte, string) {
	body := ctx.Request.Body()
	contentType := ctx.Request.Header.ContentType()
	if kind == webhook.Ignore {
		return nil, ""
	}
	if len(body) == 0 && ctx.IsGet() && len(query) > 0 {
		text, err := value.AppendJSON(nil, queryObject(query))
		if err != nil {
			return nil, "payload.json"
		}
		if kind == webhook.Raw {
			return text, ""
		}
		body = text
	}
	if kind == webhook.Base64 {
		out := make([]byte, 0, len(`{"origin":""}`)+base64.StdEncoding.EncodedLen(len(body)))
		out = append(out, `{"origin":"`...)
		out = base64.StdEncoding.AppendEncode(out, body)
		return append(out, `"}`...), ""
	}
	switch {
	case len(body) == 0:
		return nil, ""
	case isJSON(contentType):
		if _, err := value.Decode(body); err != nil {
			return nil, "payload.json"
		}
		return bytes.Clone(bytes.Trim(body, " \t\r\n")), ""
	case !utf8.Valid(body):
		return nil, "payload.text"
	default:
		return value.AppendString(make([]byte, 0, len(body)+len(body)/8+2), string(body)), ""
	}
}

func isJSON(contentType []byte) bool {
	kind, _, err := mime.ParseMediaType(string(contentType))
	return err == nil && (kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json"))
}

func queryObject(query []param) map[string]any {
	m := make(map[string]any, len(query))
	for _, p := range query {
		text := strings.ToValidUTF8(p.text, "\uFFFD")
		name := strings.ToValidUTF8(p.name, "\uFFFD")
		switch old := m[name].(type) {
		case nil:
			m[name] = text
		case []any:
			m[name] = append(old, text)
		default:
			m[name] = []any{old, text}
		}
	}
	return m
}
