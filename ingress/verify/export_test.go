package verify

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// ParseTimestamp opens parseTimestamp to the fuzz target.
func ParseTimestamp(form string, text []byte) (time.Time, bool) { return parseTimestamp(form, text) }

// ParsePreset opens the loader to the fuzz target and says whether what it takes signs the body.
func ParsePreset(data []byte) (signsBody, ok bool) {
	s, faults := parsePreset("acme.yaml", data)
	if len(faults) > 0 {
		return false, false
	}
	for _, v := range s.each() {
		if v.scheme == schemeTemplate && !has(v.signed, bodyPart) {
			return false, true
		}
	}
	s.reread = func() ([]byte, error) { return data, nil }
	_, _ = s.vectors()
	return true, true
}

// Vector is a vector of a preset, ready to be judged or changed.
type Vector struct {
	Preset, Name, Want, Handshake string
	Settings                      webhook.Verify
	Material                      Material
	Request                       Request
	Fields                        []string // of the header, as in the file
	Now                           time.Time
}

// VectorHeader gives a header of lines as in the files.
func VectorHeader(lines []string) Header { return (&vector{headers: lines}).header() }

// vectorsOf keeps what Vectors gave: reading them all takes a while.
var vectorsOf sync.Map // of *Presets

// Vectors gives the vectors of all presets. Nobody changes them.
func (p *Presets) Vectors() []Vector {
	all, _ := vectorsOf.LoadOrStore(p, sync.OnceValue(p.readVectors))
	return all.(func() []Vector)()
}

func (p *Presets) readVectors() []Vector {
	var out []Vector
	for _, name := range p.names {
		vectors, faults := p.byName[name].vectors()
		if len(faults) > 0 {
			panic(faults)
		}
		for _, v := range vectors {
			req, err := v.request()
			if err != nil {
				panic(err)
			}
			settings := v.verify
			settings.Preset = name
			out = append(out, Vector{name, v.name, v.want, v.handshake, settings, v.material(), req, v.headers, v.now})
		}
	}
	return out
}

// Accepting gives the first vector of each preset that is accepted and is no handshake, or else the first
// one that is accepted.
func (p *Presets) Accepting() []Vector {
	best := map[string]Vector{}
	for _, v := range p.Vectors() {
		if old, ok := best[v.Preset]; v.Want == accept && (!ok || old.Handshake != "" && v.Handshake == "") {
			best[v.Preset] = v
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b Vector) int { return strings.Compare(a.Preset, b.Preset) })
}

// Carriers gives the header fields of a preset that carry a signature, a token, a timestamp or an id.
func (p *Presets) Carriers(name string) []string {
	var out []string
	for _, s := range p.byName[name].each() {
		for _, field := range append(s.proofs(), s.timestamp.header, s.delivery.header) {
			if field != "" {
				out = append(out, strings.ToLower(field))
			}
		}
	}
	return out
}

// Way is how a request is proven: by the variant that judges it.
type Way struct {
	Kind                                              string // template, or the word of the scheme
	Signature, Algorithm, Encoding, Prefix, Separator string
	Timestamp, TimestampPrefix                        string
	TimestampFirst, TimestampInBody, SignsURL         bool
	Tolerance                                         time.Duration
}

// Way tells how the verifier proves the request.
func (v *Verifier) Way(req Request) Way {
	j, r := v.choose(&req, &walker{})
	if r != nil {
		return Way{}
	}
	s := j.preset
	return Way{
		s.scheme, s.signature.header, s.signature.algorithm, s.signature.encoding, s.signature.prefix, s.signature.separator,
		s.timestamp.header, s.timestamp.prefix, s.timestamp.first, s.timestamp.field.given(), j.signsURL, s.timestamp.tolerance,
	}
}

// Counts are what the vectors of a preset show.
type Counts struct {
	Accepted, Refused, Handshakes int
	Unshaken                      []string // handshakes that no vector shows
	Unsourced                     []string // vectors that do not say where they come from
}

// Count counts the vectors of a preset.
func (p *Presets) Count(name string) Counts {
	s := p.byName[name]
	vectors, _ := s.vectors()
	var c Counts
	shown := map[string]bool{}
	for _, v := range vectors {
		switch {
		case v.want != accept:
			c.Refused++
		case v.handshake != "":
			c.Handshakes++
			shown[v.handshake] = true
			fallthrough
		default:
			c.Accepted++
		}
		if v.source != "computed" && !strings.HasPrefix(v.source, "https://") {
			c.Unsourced = append(c.Unsourced, v.name)
		}
	}
	for _, h := range s.handshakes {
		if !shown[h.name] {
			c.Unshaken = append(c.Unshaken, h.name)
		}
	}
	return c
}

// QueryValue opens queryValue to the fuzz target.
func QueryValue(target, name string) (string, int) { return queryValue(target, name) }

// BodyText gives the text at a path of a body, by the stream and by the path that it was given.
func BodyText(body []byte, at string) (text string, present, ok bool, parts []string) {
	p, err := parsePath(at)
	if err != nil || p.many() {
		return "", false, false, nil
	}
	var w walker
	raw, present, ok := w.text(nil, body, p)
	return string(raw), present, ok, p
}

// ParseTemplate says whether a template is one, and gives what it signs.
func ParseTemplate(text, body, timestamp, id string) (signed string, ok bool) {
	pieces, err := parseTemplate(text)
	if err != nil {
		return "", false
	}
	var out buffer
	j := newJudge(&preset{signed: pieces})
	j.write(&out, &work{body: []byte(body), timestamp: []byte(timestamp), id: []byte(id), method: "POST", url: "https://pi.example/", target: "/"})
	return string(out), true
}

// ParsePublic opens the reader of public keys.
func ParsePublic(form, text string) bool {
	k, ok := parsePublic(form, text)
	return ok && k != nil
}

// AppendHubspot opens the treatment of addresses.
func AppendHubspot(address string) string { return string(appendHubspot(nil, address)) }

// Label gives what appendLabel finds at a path.
func Label(body []byte, at string) string {
	p, err := parsePath(at)
	if err != nil || p.many() {
		return ""
	}
	return string(appendLabel(nil, body, p))
}
