package verify

import (
	"slices"
	"time"
)

// Shape is one template, as an attacker may know it.
type Shape struct {
	Preset                                         string
	Pieces                                         []string // {body} and the like, or literal text
	Header, Algorithm, Encoding, Prefix, Separator string
	TimestampHeader, TimestampPrefix, Form         string
	TimestampFirst                                 bool
	TimestampField                                 []string // path in the body
	Tolerance                                      time.Duration
	SecretForm, SecretPrefix                       string
	Delivery                                       string   // header of the id
	When                                           []string // header lines that choose the variant
	Methods, Settings                              []string
	Off                                            bool
}

// Shapes gives every template of every preset.
func (p *Presets) Shapes() []Shape {
	var out []Shape
	for _, name := range p.names {
		s := p.byName[name]
		for _, v := range s.each() {
			if v.scheme != schemeTemplate {
				continue
			}
			shape := Shape{
				Preset: name, Header: v.signature.header, Algorithm: v.signature.algorithm, Encoding: v.signature.encoding,
				Prefix: v.signature.prefix, Separator: v.signature.separator,
				TimestampHeader: v.timestamp.header, TimestampPrefix: v.timestamp.prefix, Form: v.timestamp.form,
				TimestampFirst: v.timestamp.first, TimestampField: slices.Clone(v.timestamp.field), Tolerance: v.timestamp.tolerance,
				SecretForm: v.secret.form, SecretPrefix: v.secret.prefix, Delivery: v.delivery.header,
				Methods: s.methods, Settings: s.settings, Off: s.off,
			}
			for _, c := range v.when {
				if c.from.kind == fromHeader && c.equals != "" {
					shape.When = append(shape.When, c.from.name+": "+c.equals)
				}
			}
			for _, piece := range v.signed {
				shape.Pieces = append(shape.Pieces, piece.source())
			}
			out = append(out, shape)
		}
	}
	return out
}

// source gives the piece as the file has it.
func (p piece) source() string {
	for name, part := range placeholders {
		if part == p.part {
			return "{" + name + "}"
		}
	}
	return string(p.text)
}

// TokenPath gives the place in the body of the token that proves a request; nil = it is elsewhere.
func (p *Presets) TokenPath(name string) []string {
	for _, s := range p.byName[name].each() {
		if s.token.from.kind == fromBody {
			return slices.Clone(s.token.from.path)
		}
	}
	return nil
}

// Signs reports whether a template of the preset has the placeholder.
func (p *Presets) Signs(name, placeholder string) bool {
	return slices.ContainsFunc(p.byName[name].each(), func(s *preset) bool { return has(s.signed, placeholders[placeholder]) })
}

// DeliveryHeader gives the header that names the delivery of a request, and whether the signature covers it.
func (v *Verifier) DeliveryHeader(req Request) (name string, signed bool) {
	j, r := v.choose(&req, &walker{})
	if r != nil {
		return "", false
	}
	return j.delivery.header, j.signsID
}

// TokenHeader gives the header that carries the token of a request.
func (v *Verifier) TokenHeader(req Request) string {
	if j, r := v.choose(&req, &walker{}); r == nil && j.token.from.kind == fromHeader {
		return j.token.from.name
	}
	return ""
}
