package verify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// Check judges every vector of every preset and reports those with another verdict than they want.
func (p *Presets) Check() error {
	var wrong fault.List
	for _, name := range p.names {
		wrong = append(wrong, p.byName[name].checkVectors()...)
	}
	return wrong.Err()
}

// checkVectors judges the vectors of one preset.
func (s *preset) checkVectors() fault.List {
	vectors, faults := s.vectors()
	if len(faults) > 0 {
		return faults
	}
	alone := &Presets{byName: map[string]*preset{s.name: s}, names: []string{s.name}}
	for _, v := range vectors {
		if err := v.judge(alone, s.name); err != nil {
			at := fault.Position{File: s.file, Line: v.line, Column: v.column}
			faults = append(faults, fault.Wrap(fault.PresetInvalid, err, "judging the vector %q", v.name).At(at))
		}
	}
	return faults
}

// prepare gives the verifier of a vector and its request.
func (v *vector) prepare(p *Presets, name string) (*Verifier, Request, error) {
	settings := v.verify
	settings.Preset = name
	verifier, err := p.Compile(settings, v.material())
	if err != nil {
		return nil, Request{}, err
	}
	req, err := v.request()
	return verifier, req, err
}

func (v *vector) judge(p *Presets, name string) error {
	verifier, req, err := v.prepare(p, name)
	if err != nil {
		return err
	}
	d, err := verifier.Verify(req, v.now)
	got := accept
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		got = string(refusal.Reason)
	}
	if got != v.want {
		return fmt.Errorf("the verdict is %s, want %s", got, v.want)
	}
	return v.compare(d)
}

// compare holds what the request says about itself against what is expected.
func (v *vector) compare(d Delivery) error {
	h := d.Handshake
	if h == nil {
		h = &Handshake{}
	}
	for _, c := range []struct{ what, got, want string }{
		{"delivery", d.ID, v.delivery},
		{"event", d.Event, v.event},
	} {
		if c.want != "" && c.got != c.want {
			return fmt.Errorf("the %s is %q, want %q", c.what, c.got, c.want)
		}
	}
	for _, c := range []struct{ what, got, want string }{
		{"handshake", h.Name, v.handshake},
		{"answer", string(h.Body), v.answer},
		{"address to confirm", h.Confirm, v.confirm},
		{"learned secret", h.Learn, v.learn},
	} {
		if c.got != c.want {
			return fmt.Errorf("the %s is %q, want %q", c.what, c.got, c.want)
		}
	}
	if v.status != 0 && h.Status != v.status {
		return fmt.Errorf("the status is %d, want %d", h.Status, v.status)
	}
	for _, want := range v.reply {
		name, text, _ := strings.Cut(want, ": ")
		if !slices.Contains(h.Headers, [2]string{name, text}) {
			return fmt.Errorf("the answer has no header %q", want)
		}
	}
	return nil
}

func (v *vector) material() Material {
	m := Material{Secrets: v.secrets}
	for _, k := range v.keys {
		m.Keys = append(m.Keys, []byte(k))
	}
	if v.fetch != nil {
		m.Fetch = vectorFetcher(v.fetch)
	}
	return m
}

func (v *vector) request() (Request, error) {
	req := Request{Method: v.method, Target: v.target, URL: v.url, Body: []byte(v.body)}
	if v.peer != "" {
		req.Peer = netip.MustParseAddr(v.peer)
	}
	if req.Target == "" {
		req.Target = "/"
		if u, err := url.Parse(v.url); err == nil && v.url != "" {
			req.Target = u.RequestURI()
		}
	}
	req.Header = v.header()
	for _, text := range v.certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return req, errors.New("a certificate is not PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return req, fmt.Errorf("reading a certificate: %w", err)
		}
		req.Certificates = append(req.Certificates, c)
	}
	return req, nil
}

func (v *vector) header() Header {
	out := vectorHeader{}
	for _, line := range v.headers {
		name, text, _ := strings.Cut(line, ":")
		out = append(out, vectorField{name, []byte(strings.TrimPrefix(text, " "))})
	}
	return out
}

type vectorHeader []vectorField

type vectorField struct {
	name  string
	value []byte
}

func (h vectorHeader) Field(name string) (first []byte, count int) {
	for _, f := range h {
		if !strings.EqualFold(f.name, name) {
			continue
		}
		if count++; count == 1 {
			first = f.value
		}
	}
	return first, count
}

func (h vectorHeader) Values(name string) (out [][]byte) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// vectorFetcher answers with the documents of a vector alone.
type vectorFetcher map[string]string

func (f vectorFetcher) Fetch(_ context.Context, address string) ([]byte, error) {
	text, ok := f[address]
	if !ok {
		return nil, errors.New("there is no such document")
	}
	return []byte(text), nil
}
