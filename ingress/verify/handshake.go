package verify

import (
	"bytes"

	"github.com/penstock/penstock/runtime/value"
)

// handshake is how a sender asks once whether the address is ours: a JSON body whose field equals a
// word, and which holds a challenge that we give back.
type handshake struct {
	field, equals, answer string
}

const (
	maxHandshake = 4096 // bytes of such a body
	maxChallenge = 256
)

// challenge gives the challenge of a handshake, "" for any other request. It is asked after the proof
// only: else the door would say back to anyone what he sent.
func (s *preset) challenge(body []byte) string {
	h := s.handshake
	if h.field == "" || len(body) > maxHandshake || !bytes.Contains(body, []byte(h.equals)) {
		return ""
	}
	v, err := value.Decode(body)
	if err != nil {
		return ""
	}
	m, ok := v.(map[string]any)
	if !ok || m[h.field] != h.equals {
		return ""
	}
	text, _ := m[h.answer].(string)
	if len(text) > maxChallenge {
		return ""
	}
	for _, c := range []byte(text) {
		if !challengeByte(c) {
			return ""
		}
	}
	return text
}

func challengeByte(c byte) bool {
	return nameByte(c) || c == '.' || c == '='
}
