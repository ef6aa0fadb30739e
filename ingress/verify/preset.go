package verify

import (
	"net/http"
	"slices"
	"time"
)

// preset is one scheme as its file says it. A file with variants is a preset whose variants are presets
// of their own, which differ in how the proof is made.
type preset struct {
	name, summary, docs, setup string

	off      bool     // usable only with the option acceptWeak
	scheme   string   // template, or a word of schemes()
	settings []string // options that a webhook may set
	methods  []string // besides those of the handshakes
	body     string   // what the body of an event has to be; empty = anything

	signature struct {
		header    string
		algorithm string
		encoding  string // hex, base64, base64url
		prefix    string // in front of each signature
		separator string // between several; empty = the header holds one
	}
	signed    []piece
	url       string // treatment of {url}
	timestamp struct {
		header    string // empty = no header has it
		prefix    string // of the item, where it shares the signature's header
		first     bool   // it is the first item of the signature's header
		field     dotted // in the JSON body; read after the proof
		form      string
		tolerance time.Duration
	}
	secret struct {
		form     string // text, base64, hex; of public keys: any, hex, base64, pem, spki-base64, whpk
		prefix   string // taken off before decoding
		min, max int    // bytes after decoding; 0 = 1 and no limit
	}
	delivery struct {
		header string
		field  dotted // in the JSON body; read after the proof
		digest string // body, signed; beside a field: for bodies without that field
	}
	event struct {
		header string
		field  dotted
	}
	token struct { // of the scheme token
		from   source
		prefix string
	}
	variants   []*preset   // empty = the preset itself is the only one
	when       []condition // of a variant: it judges no request for which they do not hold
	handshakes []*handshake
	samples    []sample

	file   string                 // where it came from, for faults found later
	reread func() ([]byte, error) // gives the file again, for its vectors
}

// sample is a body as the provider sends it for an event.
type sample struct{ event, body string }

const (
	formSeconds      = "seconds"
	formMilliseconds = "milliseconds"
	formRFC3339      = "rfc3339"

	digestBody   = "body"
	digestSigned = "signed"

	// separatorSets stands between the items of a set by its comma, and between several sets by its space.
	// Each set repeats the timestamp.
	separatorSets = ", "

	bodyObject = "object" // of JSON
	bodyJSON   = "json"   // an object or a list

	urlPlain   = "plain"
	urlHubspot = "decode-hubspot"
)

//nolint:gochecknoglobals // constant data
var (
	encodings   = []string{encodingHex, encodingBase64, encodingBase64URL}
	separators  = []string{" ", ",", ";", separatorSets}
	timeForms   = []string{formSeconds, formMilliseconds, formRFC3339}
	digestForms = []string{digestBody, digestSigned}
	urlForms    = []string{urlPlain, urlHubspot}
	bodyKinds   = []string{bodyObject, bodyJSON}
	methodList  = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	// shakeMethods are those of handshakes. A HEAD can be no event, as it has no body.
	shakeMethods = append([]string{http.MethodHead}, methodList...)
	// settingList are the options that a webhook may set where its preset takes them.
	settingList = []string{
		"header", "algorithm", "encoding", "prefix", "tolerance", "parameter", "verifyToken", "origins", "topicArns", "issuer",
		"audience", "algorithms", "jwksUrl", "webhookId", "requiredComponents", "allow", "trustedProxies", "authAlgo", optionWeak,
		"timestampHeader", "signed",
	}
)

// optionWeak has to be true for a preset that is off by default.
const optionWeak = "acceptWeak"

// timed reports whether a proof of the preset ages.
func (s *preset) timed() bool { return s.timestamp.header != "" || s.timestamp.field.given() }

// each gives the variants, or the preset itself where it has none.
func (s *preset) each() []*preset {
	if len(s.variants) > 0 {
		return s.variants
	}
	return []*preset{s}
}

// Info describes a preset for people.
type Info struct {
	Name        string
	Summary     string
	Docs        string // address of the provider's own description
	Setup       string // what to do at the provider
	Schemes     []string
	Signature   string // header of the signature or token; empty = the webhook says it, or there is none
	Delivery    string // header of the delivery id; empty = none
	Unsigned    bool   // the signature does not cover that header: who copies a request can give it another id
	Event       string // header of the event type; empty = none
	Timestamped bool
	Tolerance   time.Duration
	Off         bool     // usable only with the option acceptWeak
	Address     bool     // signs the address, so the server has to know its public one
	Settings    []string // options that it takes
	Methods     []string // besides those of the handshakes
	Handshakes  []string // names
	Samples     []string // events of which there is a sample body, the default one first
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

// Sample gives a body as the provider sends it for an event; an empty event asks for the first sample.
func (p *Presets) Sample(name, event string) (body []byte, of string, ok bool) {
	s, known := p.byName[name]
	if !known {
		return nil, "", false
	}
	for _, one := range s.samples {
		if event == "" || one.event == event {
			return []byte(one.body), one.event, true
		}
	}
	return nil, "", false
}

func (s *preset) info() Info {
	i := Info{
		Name: s.name, Summary: s.summary, Docs: s.docs, Setup: s.setup, Off: s.off, Event: s.event.header,
		Settings: slices.Clone(s.settings), Methods: slices.Clone(s.methods),
	}
	for _, v := range s.each() {
		i.Schemes = append(i.Schemes, v.scheme)
		if proofs := v.proofs(); i.Signature == "" && len(proofs) > 0 {
			i.Signature = proofs[0]
		}
		if i.Delivery == "" {
			i.Delivery = v.delivery.header
			i.Unsigned = i.Delivery != "" && v.scheme == schemeTemplate && !has(v.signed, idPart)
		}
		if v.timed() || v.timestamp.tolerance > 0 {
			i.Timestamped, i.Tolerance = true, max(i.Tolerance, v.timestamp.tolerance)
		}
		i.Address = i.Address || has(v.signed, urlPart) || v.scheme == "twilio"
	}
	for _, h := range s.handshakes {
		i.Handshakes = append(i.Handshakes, h.name)
	}
	for _, one := range s.samples {
		i.Samples = append(i.Samples, one.event)
	}
	return i
}

// proofs gives the header fields that carry the proof.
func (s *preset) proofs() []string {
	var out []string
	if s.signature.header != "" {
		out = append(out, s.signature.header)
	}
	if s.token.from.kind == fromHeader {
		out = append(out, s.token.from.name)
	}
	return out
}
