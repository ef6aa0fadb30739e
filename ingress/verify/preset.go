package verify

import (
	"slices"
	"time"
)

// preset is one scheme as its file says it.
type preset struct {
	name, summary, docs string

	signature struct {
		header    string
		algorithm string // sha256, sha512, sha1
		encoding  string // hex, base64
		prefix    string // in front of each signature
		separator string // between several; empty = the header holds one
	}
	signed    []piece
	timestamp struct {
		header    string // empty = the scheme has none
		prefix    string // of the item, where it shares the signature's header
		form      string
		tolerance time.Duration
	}
	secret struct {
		form     string // text, base64, hex
		prefix   string // taken off before decoding
		min, max int    // bytes after decoding; 0 = 1 and no limit
	}
	delivery struct {
		header string
		digest string // body, signed; used where there is no header
	}
	handshake   handshake
	eventHeader string
	settings    []string // what a webhook may set itself
	vectors     []vector
}

const (
	formSeconds      = "seconds"
	formMilliseconds = "milliseconds"
	formRFC3339      = "rfc3339"

	digestBody   = "body"
	digestSigned = "signed"
)

//nolint:gochecknoglobals // constant data
var (
	algorithms  = []string{"sha256", "sha512", "sha1"}
	encodings   = []string{"hex", "base64"}
	separators  = []string{" ", ",", ";"}
	timeForms   = []string{formSeconds, formMilliseconds, formRFC3339}
	secretForms = []string{"text", "base64", "hex"}
	digestForms = []string{digestBody, digestSigned}
	settingList = []string{"header", "algorithm", "encoding", "prefix"}
)

// Info describes a preset for people.
type Info struct {
	Name        string
	Summary     string
	Docs        string // address of the provider's own description
	Signature   string // header of the signature; empty = the webhook says it
	Delivery    string // header of the delivery id; empty = none
	Event       string // header of the event type; empty = none
	Timestamped bool
	Tolerance   time.Duration
}

// Presets are the known schemes. They never change, so they may be used from many goroutines.
type Presets struct {
	byName map[string]*preset
	names  []string
}

// Names gives the names, sorted.
func (p *Presets) Names() []string { return slices.Clone(p.names) }

// Info finds the description of a preset.
func (p *Presets) Info(name string) (Info, bool) {
	s, ok := p.byName[name]
	if !ok {
		return Info{}, false
	}
	return s.info(), true
}

// All gives the descriptions, sorted by name.
func (p *Presets) All() []Info {
	out := make([]Info, len(p.names))
	for i, name := range p.names {
		out[i] = p.byName[name].info()
	}
	return out
}

func (s *preset) info() Info {
	return Info{
		Name: s.name, Summary: s.summary, Docs: s.docs, Signature: s.signature.header,
		Delivery: s.delivery.header, Event: s.eventHeader,
		Timestamped: s.timestamp.header != "", Tolerance: s.timestamp.tolerance,
	}
}
