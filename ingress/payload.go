package ingress

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/penstock/penstock/ingress/internal/form"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// fill gives the event its payload, which is the one copy of the body. What came in can always be had
// back, byte for byte: from the payload itself where it holds it (base64, JSON, text), else from what is
// kept beside the event (forms, outbound). A webhook that ignores bodies keeps none.
func (s *Server) fill(v *visit, e *event.Event) refusal {
	switch v.hook.webhook.PayloadType {
	case webhook.Ignore:
		return refusal{}
	case webhook.Raw:
		return v.fillRaw(e)
	}
	body := v.body
	if v.asksByQuery() {
		text, err := value.AppendJSON(nil, v.queryObject())
		if err != nil {
			return refusal{status: http.StatusBadRequest, reason: reasonPayloadJSON}
		}
		body = text
	}
	if v.hook.webhook.PayloadType == webhook.Outbound {
		if len(body) > 0 {
			v.content.form, e.Raw = formOutbound, bytes.Clone(body)
			e.Payload = append(value.AppendString([]byte(`{"origin":`), s.bodyAddress(e.ID)), '}')
		}
		return refusal{}
	}
	if v.content.form = formBase64; v.asksByQuery() {
		v.content.form = formQuery
	}
	out := make([]byte, 0, len(`{"origin":""}`)+base64.StdEncoding.EncodedLen(len(body)))
	out = append(out, `{"origin":"`...)
	out = base64.StdEncoding.AppendEncode(out, body)
	e.Payload = append(out, `"}`...)
	return refusal{}
}

// fillRaw makes the payload of what the body says.
func (v *visit) fillRaw(e *event.Event) refusal {
	if len(v.body) == 0 && !v.asksByQuery() {
		return refusal{}
	}
	var bad *unreadable
	switch kindOf(v.header().ContentType()) {
	case kindJSON:
		if len(v.body) == 0 {
			break
		}
		v.content.form = formJSON
		if err := value.Check(v.body, 1); err != nil { // the event stands around it
			return unread(&unreadable{reasonPayloadJSON, err.Error()})
		}
		e.Payload = bytes.Clone(v.body) // white space around it is part of JSON
		return refusal{}
	case kindForm:
		v.content.form = formForm
	case kindMultipart:
		if v.content.form = formMultipart; !v.content.made && len(v.body) > 0 {
			e.Raw = bytes.Clone(v.body)
			e.Payload, bad = v.appendMultipart()
			return unread(bad)
		}
	default:
		if len(v.body) == 0 {
			break
		}
		v.content.form = formText
		if !utf8.Valid(v.body) {
			_, bad = v.value()
			return unread(bad)
		}
		e.Payload = value.AppendString(make([]byte, 0, len(v.body)+len(v.body)/8+2), string(v.body))
		return refusal{}
	}
	object, bad := v.value()
	if bad != nil {
		return unread(bad)
	}
	var err error
	if e.Payload, err = value.AppendJSON(nil, object); err != nil {
		return refusal{status: http.StatusBadRequest, reason: reasonPayloadForm, detail: err.Error()}
	}
	if len(v.body) == 0 {
		v.content.form = formQuery
		return refusal{}
	}
	e.Raw = bytes.Clone(v.body)
	return refusal{}
}

// appendMultipart writes the form as DecodeMultipart gives it, without a value in between: files may be
// large.
func (v *visit) appendMultipart() ([]byte, *unreadable) {
	out := append(make([]byte, 0, len(v.body)*3/2+64), `{"files":[`...)
	fields, files := map[string]any{}, 0
	err := form.Walk(v.body, v.boundary(), func(p form.Part) error {
		if p.Filename == "" {
			p.AddTo(fields)
			return nil
		}
		if files++; files > 1 {
			out = append(out, ',')
		}
		out = p.AppendJSON(out)
		return nil
	})
	if err != nil {
		return nil, &unreadable{reasonPayloadForm, err.Error()}
	}
	v.call.forget(fields)
	out, err = value.AppendJSON(append(out, `],"fields":`...), fields)
	if err != nil {
		return nil, &unreadable{reasonPayloadForm, err.Error()}
	}
	return append(out, '}'), nil
}

func unread(bad *unreadable) refusal {
	if bad == nil {
		return refusal{}
	}
	return refusal{status: http.StatusBadRequest, reason: bad.reason, detail: bad.detail}
}

// bodyAddress gives a new address under which the kept body of an event can be had for a while. Whoever
// knows it may: it holds 256 random bits beside the event's id.
func (s *Server) bodyAddress(eventID string) string {
	var random [32]byte
	rand.Read(random[:])
	return s.deps.Directory.base() + bodyPath + eventID + "/" + base64.RawURLEncoding.EncodeToString(random[:])
}

// What the header of an event says its payload was made of.
const (
	formJSON      = "json"
	formText      = "text"
	formForm      = "form"
	formMultipart = "multipart"
	formQuery     = "query"
	formBase64    = "base64"
	formOutbound  = "outbound"
)

// bodyKeyLength is the length of the random part of such an address.
const bodyKeyLength = 43
