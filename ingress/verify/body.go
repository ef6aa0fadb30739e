package verify

import (
	"encoding/json"
	"strconv"

	"github.com/penstock/penstock/runtime/value"
)

// bodyJSON is the body of one request as JSON, decoded when it is first asked for. Decoding costs many
// times the size of the body, so before the proof only small bodies are decoded.
type bodyJSON struct {
	value any
	done  bool
	ok    bool
}

func (b *bodyJSON) decode(body []byte) (any, bool) {
	if !b.done {
		v, err := value.Decode(body)
		b.value, b.ok, b.done = v, err == nil, true
	}
	return b.value, b.ok
}

// scalar writes a text, whole number, true or false of a JSON body; other values have no such form.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
