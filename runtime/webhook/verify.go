package webhook

import (
	"encoding/json"
	"errors"
	"time"
)

// Verify says how a request proves where it comes from. The zero value asks for the token alone.
type Verify struct {
	Preset    string   `json:"preset,omitempty"`    // name of a signature preset; empty = token alone
	Secrets   []Secret `json:"secrets,omitempty"`   // several during a rotation
	Keys      []string `json:"keys,omitempty"`      // public keys, JWKS or certificates: PEM, JSON or a reference to them
	Tolerance int      `json:"tolerance,omitempty"` // seconds; 0 = the preset's own
	Options   Options  `json:"options,omitempty"`   // what else the preset takes, such as header or issuer
}

// Secret is one secret of a webhook: a value or a reference (env:NAME, file:PATH). Its JSON is the plain
// text where NotAfter is not set, else an object.
type Secret struct {
	Ref      string
	NotAfter time.Time // the end of its life; zero = for ever
}

type secretObject struct {
	Ref      string    `json:"secret"`
	NotAfter time.Time `json:"notAfter,omitzero"`
}

// MarshalJSON gives the text, or an object with secret and notAfter.
func (s Secret) MarshalJSON() ([]byte, error) {
	if s.NotAfter.IsZero() {
		return json.Marshal(s.Ref)
	}
	return json.Marshal(secretObject(s))
}

// UnmarshalJSON reads both forms.
func (s *Secret) UnmarshalJSON(data []byte) error {
	*s = Secret{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &s.Ref)
	}
	var o secretObject
	if err := json.Unmarshal(data, &o); err != nil {
		return errors.New("a secret is a text, or an object with secret and notAfter")
	}
	*s = Secret(o)
	return nil
}

// Options are settings of a preset by name, each with one value or several.
type Options map[string][]string

// First gives the first value of an option, "" where it is not set.
func (o Options) First(name string) string {
	if len(o[name]) == 0 {
		return ""
	}
	return o[name][0]
}

// UnmarshalJSON takes a text or a list of texts for each option.
func (o *Options) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return errors.New("options are an object")
	}
	*o = make(Options, len(raw))
	for name, text := range raw {
		var list []string
		var one string
		if json.Unmarshal(text, &one) == nil {
			list = []string{one}
		} else if json.Unmarshal(text, &list) != nil {
			return errors.New("an option is a text or a list of texts")
		}
		(*o)[name] = list
	}
	return nil
}
