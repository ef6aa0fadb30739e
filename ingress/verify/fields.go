package verify

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// fieldSet is what a map of a preset file may hold.
type fieldSet = map[string]func(*yaml.Node)

// nodes are the places of the fields that were read, for faults found later.
type nodes map[string]*yaml.Node

func (l nodes) note(name string, f func(*yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) { l[name] = n; f(n) }
}

// read fills s from the whole file except the vectors.
func (s *preset) read(r *reader, root *yaml.Node) nodes {
	lines := nodes{}
	var variants []*yaml.Node
	fields := s.proofFields(r, lines)
	maps.Copy(fields, fieldSet{
		"name":    lines.note("name", r.text(&s.name)),
		"summary": lines.note("summary", r.text(&s.summary)),
		"docs":    r.text(&s.docs),
		"setup":   r.text(&s.setup),
		"off":     r.flag(&s.off),
		"event": func(n *yaml.Node) {
			r.mapping(n, fieldSet{"header": r.header(&s.event.header), "field": r.path(&s.event.field)})
		},
		"settings": lines.note("settings", func(n *yaml.Node) { r.list(n, settingList, &s.settings) }),
		"methods":  lines.note("methods", func(n *yaml.Node) { r.list(n, methodList, &s.methods) }),
		"body":     lines.note("body", r.oneOf(&s.body, bodyKinds)),
		"variants": lines.note("variants", func(n *yaml.Node) { variants = r.items(n) }),
		"handshakes": func(n *yaml.Node) {
			for _, item := range r.items(n) {
				s.handshakes = append(s.handshakes, readHandshake(r, item))
			}
		},
		"samples": func(n *yaml.Node) { s.samples = readSamples(r, n) },
	})
	r.mapping(root, fields)
	s.defaults()
	for _, n := range variants {
		v := *s
		v.variants, v.handshakes, v.samples = nil, nil, nil
		inner := nodes{}
		fields := v.proofFields(r, inner)
		fields["when"] = func(n *yaml.Node) { v.when = readConditions(r, n) }
		r.mapping(n, fields)
		v.defaults()
		if len(r.faults) == 0 {
			v.checkProof(r, n, inner)
		}
		s.variants = append(s.variants, &v)
	}
	return lines
}

// defaults sets what a file need not say.
func (s *preset) defaults() {
	set := func(into *string, value string) {
		if *into == "" {
			*into = value
		}
	}
	set(&s.scheme, schemeTemplate)
	set(&s.signature.algorithm, "sha256")
	set(&s.signature.encoding, encodingHex)
	set(&s.url, urlPlain)
	set(&s.secret.form, "text")
	if isAsymmetric(s.signature.algorithm) && s.secret.form == "text" {
		s.secret.form = "any"
	}
	if s.methods == nil {
		s.methods = []string{http.MethodPost}
	}
}

// proofFields are those that say how the proof is made; a variant holds them too.
func (s *preset) proofFields(r *reader, lines nodes) fieldSet {
	return fieldSet{
		"scheme": lines.note("scheme", r.oneOf(&s.scheme, append(slices.Sorted(maps.Keys(schemes())), schemeTemplate))),
		"signature": lines.note("signature", func(n *yaml.Node) {
			r.mapping(n, fieldSet{
				"header":    r.header(&s.signature.header),
				"algorithm": r.oneOf(&s.signature.algorithm, algorithms),
				"encoding":  r.oneOf(&s.signature.encoding, encodings),
				"prefix":    r.text(&s.signature.prefix),
				"separator": r.oneOf(&s.signature.separator, separators),
			})
		}),
		"signed": lines.note("signed", func(n *yaml.Node) {
			var text string
			r.text(&text)(n)
			var err error
			if s.signed, err = parseTemplate(text); err != nil && n.Kind == yaml.ScalarNode {
				r.fault(n, "%s", err)
			}
		}),
		"url": lines.note("url", r.oneOf(&s.url, urlForms)),
		"timestamp": lines.note("timestamp", func(n *yaml.Node) {
			r.mapping(n, fieldSet{
				"header": r.header(&s.timestamp.header),
				"prefix": r.text(&s.timestamp.prefix),
				"field":  r.path(&s.timestamp.field),
				"item": func(n *yaml.Node) {
					var which string
					r.oneOf(&which, []string{"first"})(n)
					s.timestamp.first = which != ""
				},
				"form":      r.oneOf(&s.timestamp.form, timeForms),
				"tolerance": r.seconds(&s.timestamp.tolerance),
			})
		}),
		"secret": lines.note("secret", func(n *yaml.Node) {
			r.mapping(n, fieldSet{
				"form":   r.oneOf(&s.secret.form, append(slices.Clone(secretForms), keyForms...)),
				"prefix": r.text(&s.secret.prefix),
				"min":    r.number(&s.secret.min, 1, 4096),
				"max":    r.number(&s.secret.max, 1, 4096),
			})
		}),
		"delivery": lines.note("delivery", func(n *yaml.Node) {
			r.mapping(n, fieldSet{
				"header": r.header(&s.delivery.header),
				"field":  r.path(&s.delivery.field),
				"digest": r.oneOf(&s.delivery.digest, digestForms),
			})
		}),
		"token": lines.note("token", func(n *yaml.Node) {
			r.mapping(n, fieldSet{"from": r.source(&s.token.from, true), "prefix": r.text(&s.token.prefix)})
		}),
	}
}

func readSamples(r *reader, n *yaml.Node) []sample {
	var out []sample
	for _, f := range r.pairs(n) {
		one := sample{event: f.name}
		r.text(&one.body)(f.node)
		out = append(out, one)
	}
	return out
}

// readHandshake reads one item of the list of handshakes and checks it.
func readHandshake(r *reader, n *yaml.Node) *handshake {
	h := &handshake{method: http.MethodPost, proof: proofSignature}
	h.answer.status, h.answer.chars = http.StatusOK, charsToken
	r.mapping(n, fieldSet{
		"name":   r.text(&h.name),
		"method": r.oneOf(&h.method, shakeMethods),
		"proof":  r.oneOf(&h.proof, proofList),
		"when":   func(n *yaml.Node) { h.when = readConditions(r, n) },
		"secret": func(n *yaml.Node) {
			r.mapping(n, fieldSet{"source": r.source(&h.secret.from, false), "option": r.oneOf(&h.secret.option, settingList)})
		},
		"answer": func(n *yaml.Node) { h.answer.read(r, n) },
		"learn":  r.source(&h.learn, false),
	})
	if len(r.faults) == 0 {
		h.check(r, n)
	}
	return h
}

func readConditions(r *reader, n *yaml.Node) []condition {
	var out []condition
	for _, item := range r.items(n) {
		var c condition
		r.mapping(item, fieldSet{
			"source": r.source(&c.from, false), "equals": r.scalar(&c.equals), "absent": r.flag(&c.absent),
		})
		if c.from.kind == fromNowhere || c.absent && c.equals != "" {
			r.fault(item, "a condition needs a source, and a value or absent, not both")
		}
		if c.from.kind == fromBody && !strings.ContainsFunc(c.equals, needsEscape) {
			c.literal = []byte(c.equals)
		}
		out = append(out, c)
	}
	return out
}

// needsEscape reports whether a character may be written in another way in JSON.
func needsEscape(c rune) bool { return c > '~' || !nameByte(byte(c)) && c != '.' }

func (a *answer) read(r *reader, n *yaml.Node) {
	r.mapping(n, fieldSet{
		"status": r.number(&a.status, http.StatusOK, 299),
		"type":   r.oneOf(&a.kind, typeList),
		"text":   func(n *yaml.Node) { a.text = readFilling(r, n) },
		"fields": func(n *yaml.Node) {
			for _, f := range r.pairs(n) {
				a.fields = append(a.fields, namedFilling{f.name, readFilling(r, f.node)})
			}
		},
		"headers": func(n *yaml.Node) {
			for _, f := range r.pairs(n) {
				if err := checkHeader(f.name); err != nil {
					r.fault(f.node, "%s", err)
				}
				a.headers = append(a.headers, namedFilling{f.name, readFilling(r, f.node)})
			}
		},
		"chars": r.oneOf(&a.chars, charsList),
	})
	if a.kind == "" {
		a.kind = typeText
		if a.fields != nil {
			a.kind = typeJSON
		}
	}
}

// readFilling reads a source, {hmac: hex, of: source, prefix: text} or {value: constant}.
func readFilling(r *reader, n *yaml.Node) filling {
	var f filling
	if n.Kind != yaml.MappingNode {
		r.source(&f.from, false)(n)
		return f
	}
	r.mapping(n, fieldSet{
		"hmac":   r.oneOf(&f.hmac, encodings),
		"of":     r.source(&f.from, false),
		"prefix": r.text(&f.prefix),
		"value": func(n *yaml.Node) {
			var text string
			r.scalar(&text)(n)
			if f.constant = text; n.Tag == "!!int" {
				var i int
				r.number(&i, 0, 1<<31-1)(n)
				f.constant = i
			}
		},
	})
	if (f.hmac == "") != (f.from.kind == fromNowhere) || (f.constant == nil) != (f.hmac != "") || f.prefix != "" && f.hmac == "" {
		r.fault(n, "a value is a source, {hmac: hex, of: source} or {value: constant}")
	}
	return f
}
