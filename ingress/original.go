package ingress

import (
	"encoding/base64"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Original gives the body that an event of a webhook was made of, byte for byte (inflated, where it came
// compressed). data is the event's JSON text, raw what is kept beside it. ok is false for an event that
// was made of no body, or of one that its webhook ignores.
func Original(data, raw []byte) (body []byte, ok bool, err error) {
	if len(raw) > 0 {
		return raw, true, nil
	}
	e, object, err := event.Unmarshal(data)
	if err != nil {
		return nil, false, err
	}
	switch e.Headers[factPayload] {
	case formJSON:
		body, err = event.PayloadText(data)
	case formText:
		text, isText := object["payload"].(string)
		if !isText {
			return nil, false, strange()
		}
		body = []byte(text)
	case formBase64:
		payload, _ := object["payload"].(map[string]any)
		text, isText := payload["origin"].(string)
		if !isText {
			return nil, false, strange()
		}
		if body, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, false, strange()
		}
	default:
		return nil, false, nil
	}
	return body, err == nil, err
}

func strange() error {
	return fault.Wrap(fault.EventInvalid, value.ErrSyntax, "reading the payload of an event")
}
