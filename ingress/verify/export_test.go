package verify

import (
	"strings"
	"time"
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
	_, _ = s.vectors()
	return true, true
}

// Vector is a vector of a preset, ready to be judged.
type Vector struct {
	Preset, Name string
	Verifier     *Verifier
	Request      Request
	Now          time.Time
}

// Accepting gives the first vector of each preset that is accepted and is no handshake, or else the first
// one that is accepted.
func (p *Presets) Accepting() []Vector {
	var out []Vector
	for _, name := range p.names {
		vectors, faults := p.byName[name].vectors()
		if len(faults) > 0 {
			panic(faults)
		}
		best := -1
		for i, v := range vectors {
			if v.want == accept && (best < 0 || vectors[best].handshake != "" && v.handshake == "") {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		v := vectors[best]
		verifier, req, err := v.prepare(p, name)
		if err != nil {
			panic(err)
		}
		out = append(out, Vector{name, v.name, verifier, req, v.now})
	}
	return out
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
