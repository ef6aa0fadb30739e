package ingress

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/ingress/internal/form"
	"github.com/penstock/penstock/runtime/schema"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// kind is how a body is read.
type kind int

const (
	kindText kind = iota // anything that is none of the others
	kindJSON
	kindForm
	kindMultipart
)

// kindOf reads a Content-Type field.
func kindOf(contentType []byte) kind {
	media := mediaOf(contentType)
	switch {
	case sameFold(media, "application/json"), sameFold(media, "text/json"),
		len(media) > len("+json") && sameFold(media[len(media)-len("+json"):], "+json"):
		return kindJSON
	case sameFold(media, "application/x-www-form-urlencoded"):
		return kindForm
	case sameFold(media, "multipart/form-data"):
		return kindMultipart
	}
	return kindText
}

// mediaOf cuts the parameters off.
func mediaOf(contentType []byte) []byte {
	if at := bytes.IndexByte(contentType, ';'); at >= 0 {
		contentType = contentType[:at]
	}
	return bytes.Trim(contentType, " \t")
}

// appendMedia appends the media type in lower case, nothing where it is not one.
func appendMedia(dst, contentType []byte) []byte {
	media := mediaOf(contentType)
	if len(media) > 128 || bytes.Count(media, []byte{'/'}) != 1 {
		return dst
	}
	for _, c := range media {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			return dst
		}
	}
	return appendLower(dst, media)
}

func mediaText(contentType []byte) string { return string(appendMedia(nil, contentType)) }

// content is what is known about the body beyond its bytes.
type content struct {
	form  string // as the header of the event says it
	value any    // the body as a value, once somebody asked for it
	made  bool
}

// unreadable is a body that is not what its type says.
type unreadable struct{ reason, detail string }

// value gives the body as a value: of JSON what it says, of a form an object, of anything else the text; of a
// GET without a body the query, as an object. The bytes stay beside it.
func (v *visit) value() (any, *unreadable) {
	if v.content.made {
		return v.content.value, nil
	}
	out, bad := v.decode()
	if bad != nil {
		return nil, bad
	}
	v.content.value, v.content.made = out, true
	return out, nil
}

func (v *visit) decode() (any, *unreadable) {
	if len(v.body) == 0 {
		if v.asksByQuery() {
			return v.queryObject(), nil
		}
		return nil, nil
	}
	switch kindOf(v.header().ContentType()) {
	case kindJSON:
		out, err := value.Decode(v.body)
		if err != nil {
			return nil, &unreadable{reasonPayloadJSON, err.Error()}
		}
		return out, nil
	case kindForm:
		fields, err := form.Decode(v.body)
		if err != nil {
			return nil, &unreadable{reasonPayloadForm, err.Error()}
		}
		v.call.forget(fields)
		return fields, nil
	case kindMultipart:
		out, err := form.DecodeMultipart(v.body, v.boundary())
		if err != nil {
			return nil, &unreadable{reasonPayloadForm, err.Error()}
		}
		if fields, ok := out["fields"].(map[string]any); ok {
			v.call.forget(fields)
		}
		return out, nil
	}
	if !utf8.Valid(v.body) {
		return nil, &unreadable{reasonPayloadText, "the body is not text in UTF-8; payloadType base64 takes any bytes"}
	}
	return string(v.body), nil
}

func (v *visit) boundary() string {
	_, params, err := mime.ParseMediaType(string(v.header().ContentType()))
	if err != nil {
		return ""
	}
	return params["boundary"]
}

// asksByQuery reports whether the query is all that the request says.
func (v *visit) asksByQuery() bool {
	return len(v.body) == 0 && v.ctx.IsGet() && len(v.call.query) > 0
}

// queryObject gives the parameters that are neither the door's own nor part of a proof.
func (v *visit) queryObject() map[string]any {
	m := make(map[string]any, len(v.call.query))
	for _, p := range v.call.query {
		if slices.Contains(v.hook.parameters, p.name) {
			continue
		}
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

// place names where in the schema a value does not fit.
func place(err error) string {
	var m *schema.Mismatch
	if errors.As(err, &m) {
		return m.At
	}
	return "#"
}

// open inflates a proven body and holds it against the webhook's rules.
func (s *Server) open(v *visit) refusal {
	if r := s.inflate(v); r.status != 0 {
		return r
	}
	if len(v.body) > 0 && !v.hook.contentTypes.match(v.header().ContentType()) {
		return refusal{
			status: http.StatusUnsupportedMediaType, reason: reasonTypeRefused,
			detail: "the content type is none of the webhook's contentTypes",
		}
	}
	if v.hook.schema == nil {
		return refusal{}
	}
	misfit := ""
	body, bad := v.value()
	if bad != nil {
		misfit = "# (" + bad.detail + ")"
	} else if err := v.hook.schema.Check(body); err != nil {
		misfit = place(err)
	}
	if misfit == "" {
		return refusal{}
	}
	v.misfit = misfit
	switch v.hook.webhook.Schema.Mode {
	case webhook.Park:
	case webhook.Warn:
		s.deps.Logger.Warn("a body does not fit the webhook's schema, and is taken", "webhook", v.hook.webhook.ID, "at", misfit)
	default:
		r := refusal{status: http.StatusUnprocessableEntity, reason: reasonSchemaMismatch, detail: "the body does not fit the schema at " + misfit}
		if bad != nil {
			r = refusal{status: http.StatusBadRequest, reason: bad.reason, detail: bad.detail}
		}
		return r
	}
	return refusal{}
}
