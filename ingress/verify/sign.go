package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// Sign fills o as the preset's provider would send it: header fields, and where the scheme says so
// address and body. It signs with the first live secret that fits, or with o.PrivateKey. A sample body
// gets the time and the id that the scheme reads from it; a body that is given stays as it is.
func (p *Presets) Sign(w webhook.Verify, m Material, o *Outgoing) error {
	s, w, err := p.settled(w)
	if err != nil {
		return err
	}
	if err := checkMaterial(m); err != nil {
		return err
	}
	if len(o.PrivateKey) > 0 && len(m.Keys) == 0 {
		public, err := publicPEM(o.PrivateKey)
		if err != nil {
			return err
		}
		m.Keys = [][]byte{public}
	}
	var unfit error
	for _, variant := range s.each() {
		j := newJudge(variant)
		if j.scheme == schemeTemplate {
			if unfit = j.takeSigner(m, o); unfit != nil {
				continue
			}
		} else if j.own, err = schemes()[variant.scheme](variant, w, m); err != nil {
			return err
		}
		if err := s.prepare(j, o); err != nil {
			return err
		}
		return j.sign(o)
	}
	return unfit
}

// takeSigner takes the one secret that signs. Asymmetric schemes need the private key instead.
func (j *judge) takeSigner(m Material, o *Outgoing) error {
	if isAsymmetric(j.signature.algorithm) {
		if len(o.PrivateKey) == 0 {
			return invalid("key", "the preset %q signs with a private key", j.name)
		}
		return nil
	}
	var live Material
	for _, s := range m.Secrets {
		if s.live(o.Now) {
			live.Secrets = append(live.Secrets, s)
		}
	}
	unfit := j.takeKeys(live, make([]bool, len(live.Secrets)))
	if len(j.keys) > 0 {
		return nil
	}
	if unfit == nil {
		unfit = invalid("secrets", "the preset %q needs a secret", j.name)
	}
	return unfit
}

// prepare sets what does not depend on the proof.
func (s *preset) prepare(j *judge, o *Outgoing) error {
	if o.Method == "" {
		o.Method = s.methods[0]
	}
	if o.ID == "" {
		sum := sha256.Sum256(append(strconv.AppendInt(nil, o.Now.UnixNano(), 10), o.Body...))
		o.ID = "msg_" + hex.EncodeToString(sum[:12])
	}
	if o.Body == nil {
		if err := s.fillSample(j, o); err != nil {
			return err
		}
	}
	o.add("Content-Type", contentType(o.Body))
	for _, c := range j.when {
		if c.from.kind == fromHeader && c.equals != "" {
			o.set(c.from.name, c.equals)
		}
	}
	if j.delivery.header != "" {
		o.set(j.delivery.header, o.ID)
	}
	if s.event.header != "" && o.Event != "" {
		o.set(s.event.header, o.Event)
	}
	return nil
}

// fillSample takes the sample body of the event, with a fresh time and id.
func (s *preset) fillSample(j *judge, o *Outgoing) error {
	var events []string
	for _, one := range s.samples {
		if o.Event == "" || one.event == o.Event {
			o.Event, o.Body = one.event, []byte(one.body)
			break
		}
		events = append(events, one.event)
	}
	switch {
	case len(s.samples) == 0:
		return invalid("body", "the preset %q has no sample body", s.name).WithHint("give one")
	case o.Body == nil:
		return invalid("event", "the preset %q has no sample of %q", s.name, o.Event).WithHint("it has %s", strings.Join(events, ", "))
	}
	if body, err := value.Decode(o.Body); err == nil {
		return j.freshen(body, o)
	}
	return nil // a form, in which no field is
}

// freshen puts the id and the time into a decoded sample, where the scheme reads them there.
func (j *judge) freshen(body any, o *Outgoing) error {
	changed := j.delivery.field.given() && j.delivery.field.set(body, o.ID)
	if j.timestamp.field.given() {
		var stamp any = string(appendTime(nil, j.timestamp.form, o.Now))
		if j.timestamp.form != formRFC3339 {
			stamp, _ = value.Number(stamp.(string))
		}
		changed = j.timestamp.field.set(body, stamp) || changed
	}
	if !changed {
		return nil
	}
	var err error
	o.Body, err = value.AppendJSON(nil, body)
	return err
}

func contentType(body []byte) string {
	if text := bytes.TrimSpace(body); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return typeJSON
	}
	return typeForm
}

// sign makes the proof.
func (j *judge) sign(o *Outgoing) error {
	if j.own != nil {
		s, ok := j.own.(signer)
		if !ok {
			return invalid("preset", "a request of the preset %q cannot be made here", j.name).
				WithHint("its proof is not in the request, or only the provider can make it")
		}
		return s.sign(o)
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return fault.Wrap(fault.CLIUsage, err, "reading the address")
	}
	w := &work{
		body: o.Body, id: []byte(o.ID), method: o.Method, url: o.URL, target: u.RequestURI(), digest: sha256.New(),
		timestamp: appendTime(nil, j.timestamp.form, o.Now),
	}
	if j.timestamp.header != "" && j.timestamp.header != j.signature.header {
		o.set(j.timestamp.header, j.timestamp.prefix+string(w.timestamp))
	}
	raw, err := j.rawSignature(w, o.PrivateKey)
	if err != nil {
		return err
	}
	text := j.signature.prefix + encode(j.signature.encoding, raw)
	if j.timestamp.header != "" && j.timestamp.header == j.signature.header {
		text = j.timestamp.prefix + string(w.timestamp) + j.signature.separator[:1] + text
	}
	o.set(j.signature.header, text)
	return nil
}

// rawSignature gives the signature's bytes.
func (j *judge) rawSignature(w *work, private []byte) ([]byte, error) {
	if len(j.keys) > 0 {
		var content buffer
		j.write(&content, w)
		return j.keys[0].sum(content), nil
	}
	key, err := parsePrivate(private)
	if err != nil {
		return nil, err
	}
	var content buffer
	j.write(&content, w)
	switch k := key.(type) {
	case ed25519.PrivateKey:
		if j.signature.algorithm == algorithmEd {
			return ed25519.Sign(k, content), nil
		}
	case *ecdsa.PrivateKey:
		if j.signature.algorithm == algorithmECDSA {
			sum := sha256.Sum256(content)
			return ecdsa.SignASN1(rand.Reader, k, sum[:])
		}
	}
	return nil, invalid("key", "the private key is not one for %s", j.signature.algorithm)
}

// parsePrivate reads a private key in PEM, PKCS #8. Errors never quote it.
func parsePrivate(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil {
		return nil, invalid("key", "the private key is not PEM")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, invalid("key", "the private key is not PKCS #8")
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, invalid("key", "the private key cannot sign")
	}
	return s, nil
}

// publicPEM gives the public half of a private key.
func publicPEM(private []byte) ([]byte, error) {
	k, err := parsePrivate(private)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		return nil, invalid("key", "the private key has no public half that can be written")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// appendTime writes a timestamp in one of the forms; an unknown form gives nothing.
func appendTime(dst []byte, form string, t time.Time) []byte {
	switch form {
	case formSeconds:
		return strconv.AppendInt(dst, t.Unix(), 10)
	case formMilliseconds:
		return strconv.AppendInt(dst, t.UnixMilli(), 10)
	case formRFC3339:
		return t.UTC().AppendFormat(dst, time.RFC3339)
	}
	return dst
}

// add adds a header field that is not there yet.
func (o *Outgoing) add(name, value string) {
	for _, f := range o.Header {
		if http.CanonicalHeaderKey(f[0]) == http.CanonicalHeaderKey(name) {
			return
		}
	}
	o.Header = append(o.Header, [2]string{name, value})
}
