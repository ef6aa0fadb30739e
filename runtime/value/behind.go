package value

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Behind gives the offset behind a name in the text of a JSON object; what is inside of other members does
// not count. ok is false when the object does not have the name, or the text is no object as far as that.
func Behind(object []byte, name string) (offset int, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	if _, err := d.ReadToken(); err != nil || d.StackDepth() != 1 {
		return 0, false
	}
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return 0, false
		}
		if token.String() == name {
			return int(d.InputOffset()), true
		}
		if d.SkipValue() != nil {
			return 0, false
		}
	}
	return 0, false
}
