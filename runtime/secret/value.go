package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Redacted stands wherever a secret would have been shown.
const Redacted = "[redacted]"

// Value is a secret text, or a reference to one, that shows itself to nobody: printing, logging and
// encoding give [Redacted]. The zero Value is empty. Values are compared with Equal.
type Value struct {
	text *string // a pointer: fmt shows its address where it cannot reach our methods
}

// New makes a Value.
func New(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{text: &text}
}

// Reveal gives the text itself. Hand it to what needs it and to nothing else.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero reports whether the Value is empty.
func (v Value) IsZero() bool { return v.text == nil }

// Equal compares in a time that depends on the lengths only.
func (v Value) Equal(other Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(other.Reveal())) == 1
}

// String gives Redacted, "" for an empty Value.
func (v Value) String() string {
	if v.text == nil {
		return ""
	}
	return Redacted
}

// GoString redacts %#v.
func (v Value) GoString() string { return v.String() }

// Format redacts under every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue redacts in logs.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalText redacts in text encodings.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalJSON redacts in JSON.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + v.String() + `"`), nil }

// MarshalYAML redacts in YAML.
func (v Value) MarshalYAML() (any, error) { return v.String(), nil }
