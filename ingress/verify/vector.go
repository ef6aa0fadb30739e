package verify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// accept is what a vector wants where no refusal is expected.
const accept = "accept"

// vector is one example of a preset: a request and the verdict.
type vector struct {
	name, source string
	secrets      []string
	verify       webhook.Verify
	now          time.Time
	headers      []string
	body         string
	want         string // accept or a Reason
	delivery     string // expected id; empty = not compared
	challenge    string // expected challenge of a handshake
}

// readVectors reads the list of vectors of a preset file.
func readVectors(r *reader, n *yaml.Node) []vector {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "a list is needed here")
		return nil
	}
	var out []vector
	for _, item := range n.Content {
		v := vector{now: time.Unix(1_700_000_000, 0)}
		r.mapping(item, map[string]func(*yaml.Node){
			"name":    r.text(&v.name),
			"source":  r.text(&v.source),
			"secrets": func(n *yaml.Node) { r.list(n, nil, &v.secrets) },
			"now": func(n *yaml.Node) {
				var err error
				if v.now, err = time.Parse(time.RFC3339, n.Value); err != nil {
					r.fault(n, "an RFC 3339 time is needed here")
				}
			},
			"headers": func(n *yaml.Node) { r.list(n, nil, &v.headers) },
			"body":    r.text(&v.body),
			"bodyBase64": func(n *yaml.Node) {
				data, err := base64.StdEncoding.DecodeString(n.Value)
				if err != nil {
					r.fault(n, "base64 text is needed here")
				}
				v.body = string(data)
			},
			"want":      r.text(&v.want),
			"delivery":  r.text(&v.delivery),
			"challenge": r.text(&v.challenge),
			"settings": func(n *yaml.Node) {
				v.verify.Options = webhook.Options{}
				option := func(n *yaml.Node, name string) {
					var text string
					r.text(&text)(n)
					v.verify.Options[name] = []string{text}
				}
				r.mapping(n, map[string]func(*yaml.Node){
					"header":    func(n *yaml.Node) { option(n, "header") },
					"algorithm": func(n *yaml.Node) { option(n, "algorithm") },
					"encoding":  func(n *yaml.Node) { option(n, "encoding") },
					"prefix":    func(n *yaml.Node) { option(n, "prefix") },
					"tolerance": r.number(&v.verify.Tolerance, 1, 86_400),
				})
			},
		})
		if v.name == "" || v.source == "" || v.want == "" {
			r.fault(item, "a vector needs name, source and want")
		}
		out = append(out, v)
	}
	return out
}

// Check judges every vector of every preset and reports those with another verdict than they want.
func (p *Presets) Check() error {
	var wrong []error
	for _, name := range p.names {
		for _, v := range p.byName[name].vectors {
			if err := p.checkVector(name, v); err != nil {
				wrong = append(wrong, fmt.Errorf("preset %s, vector %q: %w", name, v.name, err))
			}
		}
	}
	if len(wrong) > 0 {
		return fault.Wrap(fault.PresetInvalid, errors.Join(wrong...), "checking vectors")
	}
	return nil
}

func (p *Presets) checkVector(name string, v vector) error {
	settings := v.verify
	settings.Preset = name
	secrets := make([][]byte, len(v.secrets))
	for i, s := range v.secrets {
		secrets[i] = []byte(s)
	}
	verifier, err := p.Compile(settings, secrets)
	if err != nil {
		return err
	}
	fields := vectorHeader{}
	for _, line := range v.headers {
		name, text, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("the header %q has no colon", line)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		fields[name] = append(fields[name], strings.TrimPrefix(text, " "))
	}
	d, err := verifier.Verify(Request{Header: fields, Body: []byte(v.body)}, v.now)
	got := accept
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		got = string(refusal.Reason)
	}
	if got != v.want {
		return fmt.Errorf("the verdict is %s, want %s", got, v.want)
	}
	if v.delivery != "" && d.ID != v.delivery {
		return fmt.Errorf("the delivery is %q, want %q", d.ID, v.delivery)
	}
	if d.Challenge != v.challenge {
		return fmt.Errorf("the challenge is %q, want %q", d.Challenge, v.challenge)
	}
	return nil
}

type vectorHeader map[string][]string

func (h vectorHeader) Field(name string) ([]byte, int) {
	values := h[textproto.CanonicalMIMEHeaderKey(name)]
	if len(values) == 0 {
		return nil, 0
	}
	return []byte(values[0]), len(values)
}
