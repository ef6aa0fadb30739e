package verify

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/webhook"
)

// accept is what a vector wants where no refusal is expected.
const accept = "accept"

// vector is one example of a preset: a request and the verdict.
type vector struct {
	line, column int // in the file
	name, source string
	secrets      []Secret
	keys         []string
	certificates []string // PEM, of the TLS client
	fetch        map[string]string
	verify       webhook.Verify
	now          time.Time

	method, url, target, peer string
	headers                   []string
	body                      string

	want      string // accept or a Reason
	delivery  string // expected id; empty = not compared
	event     string // expected name; empty = not compared
	handshake string // expected name; empty = there must be none
	answer    string // expected body of a handshake
	status    int    // expected; 0 = not compared
	reply     []string
	confirm   string
	learn     string
}

// readVectors reads the list of vectors of a preset file.
func readVectors(r *reader, n *yaml.Node) []vector {
	var out []vector
	for _, item := range r.items(n) {
		v := vector{line: item.Line, column: item.Column, now: time.Unix(1_700_000_000, 0), method: "POST"}
		r.mapping(item, v.fields(r))
		if v.name == "" || v.source == "" || v.want == "" {
			r.fault(item, "a vector needs name, source and want")
		}
		out = append(out, v)
	}
	return out
}

func (v *vector) fields(r *reader) fieldSet {
	return fieldSet{
		"name":         r.text(&v.name),
		"source":       r.text(&v.source),
		"secrets":      func(n *yaml.Node) { v.secrets = readSecrets(r, n) },
		"keys":         func(n *yaml.Node) { r.list(n, nil, &v.keys) },
		"certificates": func(n *yaml.Node) { r.list(n, nil, &v.certificates) },
		"fetch": func(n *yaml.Node) {
			v.fetch = map[string]string{}
			for _, f := range r.pairs(n) {
				var text string
				r.text(&text)(f.node)
				v.fetch[f.name] = text
			}
		},
		"settings": func(n *yaml.Node) { v.readSettings(r, n) },
		"now":      r.time(&v.now),
		"method":   r.text(&v.method),
		"url":      r.text(&v.url),
		"target":   r.text(&v.target),
		"peer": func(n *yaml.Node) {
			if _, err := netip.ParseAddr(n.Value); err != nil {
				r.fault(n, "an address is needed here")
			}
			v.peer = n.Value
		},
		"headers": func(n *yaml.Node) {
			r.list(n, nil, &v.headers)
			for _, line := range v.headers {
				if !strings.Contains(line, ":") {
					r.fault(n, "the header %q has no colon", line)
				}
			}
		},
		"body": r.text(&v.body),
		"bodyBase64": func(n *yaml.Node) {
			data, err := base64.StdEncoding.DecodeString(n.Value)
			if err != nil {
				r.fault(n, "base64 text is needed here")
			}
			v.body = string(data)
		},
		"want":          r.text(&v.want),
		"delivery":      r.text(&v.delivery),
		"event":         r.text(&v.event),
		"handshake":     r.text(&v.handshake),
		"answer":        r.text(&v.answer),
		"status":        r.number(&v.status, 200, 299),
		"answerHeaders": func(n *yaml.Node) { r.list(n, nil, &v.reply) },
		"confirm":       r.text(&v.confirm),
		"learn":         r.text(&v.learn),
	}
}

// readSecrets reads texts, or maps with secret and notAfter.
func readSecrets(r *reader, n *yaml.Node) []Secret {
	var out []Secret
	for _, item := range r.items(n) {
		var text string
		var s Secret
		if item.Kind == yaml.MappingNode {
			r.mapping(item, fieldSet{"secret": r.text(&text), "notAfter": r.time(&s.NotAfter)})
		} else {
			r.text(&text)(item)
		}
		s.Text = []byte(text)
		out = append(out, s)
	}
	return out
}

// readSettings reads the webhook's settings: tolerance, and options with a text or a list of texts.
func (v *vector) readSettings(r *reader, n *yaml.Node) {
	v.verify.Options = webhook.Options{}
	for _, f := range r.pairs(n) {
		if f.name == "tolerance" {
			r.number(&v.verify.Tolerance, 1, 86_400)(f.node)
			continue
		}
		var values []string
		if f.node.Kind == yaml.SequenceNode {
			r.list(f.node, nil, &values)
		} else {
			values = []string{""}
			r.scalar(&values[0])(f.node)
		}
		v.verify.Options[f.name] = values
	}
}
