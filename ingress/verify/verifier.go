package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// Verifier judges the requests of one webhook. It may be used from many goroutines. The zero Verifier
// and a nil one refuse everything.
type Verifier struct {
	preset     *preset
	judges     []*judge // one for each variant that has a key; none while the webhook has no secret yet
	options    webhook.Options
	secrets    []Secret
	early      bool // there are handshakes before the proof
	tokenAlone bool
	scratch    sync.Pool // *work
	idle       *key      // what an early refusal costs where no scheme says so
}

// work is what one judgement needs beyond the MACs.
type work struct {
	cand        candidates
	body        []byte
	timestamp   []byte
	id          []byte
	method, url string
	target      string
	text        []byte
	walk        walker
	content     buffer
	digest      hash.Hash
	sum         [sha256.Size]byte
	by          *key // the one that proved the request; nil = none, or a scheme written in Go
}

// maxKept is the size of a buffer that is kept for the next request, in bytes.
const maxKept = 64 << 10

// Unready gives a Verifier that refuses everything: for a webhook whose preset or secret cannot be used.
func Unready() *Verifier { return &Verifier{} }

// TokenAlone reports whether the verifier asks for no proof beyond the webhook's token.
func (v *Verifier) TokenAlone() bool { return v != nil && v.tokenAlone }

// Proofs gives the names of the header fields and parameters that carry secrets or signatures, in lower
// case: they belong in no log and in no event.
func (v *Verifier) Proofs() (headers, parameters []string) {
	headers = []string{"authorization"}
	if v == nil || v.preset == nil {
		return headers, nil
	}
	add := func(s source) {
		switch s.kind {
		case fromHeader:
			headers = append(headers, strings.ToLower(s.name))
		case fromQuery:
			parameters = append(parameters, s.name)
		}
	}
	for _, s := range v.preset.each() {
		if s.signature.header != "" {
			headers = append(headers, strings.ToLower(s.signature.header))
		}
		add(s.token.from)
	}
	for _, h := range v.preset.handshakes {
		add(h.secret.from)
		add(h.learn)
	}
	return headers, parameters
}

// Verify judges req at the time now. The error is a *[Refusal]. A request that is refused before its
// MAC was made costs one all the same, so that the time of an answer does not tell what was wrong.
func (v *Verifier) Verify(req Request, now time.Time) (Delivery, error) {
	if v == nil || v.preset == nil {
		if v != nil && v.tokenAlone {
			return Delivery{}, nil
		}
		return Delivery{}, errVerifierUnready
	}
	w := v.scratch.Get().(*work)
	defer v.release(w)
	w.body = req.Body
	if v.early {
		h, r := v.shake(&req, &w.walk, false, nil, now)
		if r != nil {
			v.Spend(req.Body)
			return Delivery{}, r
		}
		if h != nil {
			return Delivery{Handshake: h}, nil
		}
	}
	if !slices.Contains(v.preset.methods, req.Method) && !v.shakesWith(req.Method) {
		v.Spend(req.Body)
		return Delivery{}, errMethodRefused
	}
	j, r := v.choose(&req, &w.walk)
	if r != nil {
		v.Spend(req.Body)
		return Delivery{}, r
	}
	d, r := v.prove(j, w, &req, now)
	if r == nil {
		r = v.after(j, w, &req, &d, now)
	}
	if r != nil {
		return Delivery{}, r
	}
	return d, nil
}

// choose takes the first variant whose proof the request holds; where there is none, the first one says
// what is missing.
func (v *Verifier) choose(req *Request, w *walker) (*judge, *Refusal) {
	switch {
	case len(v.judges) == 0:
		return nil, errVerifierUnready
	case len(v.judges) == 1 && len(v.judges[0].when) == 0:
		return v.judges[0], nil
	}
	for _, j := range v.judges {
		if is, r := j.chosen(req, w); r != nil || is {
			return j, r
		}
	}
	if j := v.judges[0]; len(j.when) == 0 {
		return j, nil
	}
	return nil, errSignatureMissing
}

func (v *Verifier) prove(j *judge, w *work, req *Request, now time.Time) (Delivery, *Refusal) {
	if j.own == nil {
		return Delivery{}, j.prove(w, req, now)
	}
	kept := *req // what a scheme gets lives longer than the stack
	d, r := j.own.verify(&kept, now)
	if r != nil {
		v.Spend(req.Body)
		return Delivery{}, r
	}
	return d, nil
}

// shakesWith reports whether a handshake behind the proof has the method.
func (v *Verifier) shakesWith(method string) bool {
	return slices.ContainsFunc(v.preset.handshakes, func(h *handshake) bool {
		return h.proof == proofSignature && h.method == method
	})
}

// after does what follows the proof: the age of a timestamp in the body, handshakes, names.
func (v *Verifier) after(j *judge, w *work, req *Request, d *Delivery, now time.Time) *Refusal {
	if d.Handshake != nil {
		return nil
	}
	if j.timestamp.field.given() {
		if r := j.checkField(req.Body, w, now); r != nil {
			return r
		}
	}
	if len(v.preset.handshakes) > 0 {
		h, r := v.shake(req, &w.walk, true, w.by, now)
		if r != nil {
			return r
		}
		if h != nil {
			*d = Delivery{Handshake: h}
			return nil
		}
	}
	if !slices.Contains(v.preset.methods, req.Method) {
		return errMethodRefused
	}
	if !begins(req.Body, v.preset.body) {
		return errBodyMalformed
	}
	if j.signature.algorithm == algorithmKeyed && bytes.IndexByte(req.Body, 0) >= 0 {
		return errBodyContinued
	}
	return j.identify(w, req, d)
}

// begins reports whether body begins as its kind does.
func begins(body []byte, kind string) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return kind == "" || bytes.HasPrefix(body, []byte("{")) || kind == bodyJSON && bytes.HasPrefix(body, []byte("["))
}

// identify gives the delivery its id and the name of its event, as far as the scheme did not. Without an id
// of the sender, a digest stands for it, so that a repeated request makes no second event.
func (j *judge) identify(w *work, req *Request, d *Delivery) *Refusal {
	text := w.text[:0]
	if d.ID == "" {
		var r *Refusal
		if text, r = j.appendID(text, w, req); r != nil {
			return r
		}
	}
	idEnd := len(text)
	if d.Event == "" {
		var r *Refusal
		if text, r = j.appendEvent(text, req); r != nil {
			return r
		}
	}
	w.text = text
	both := string(text) // one allocation for both names
	if idEnd > 0 {
		d.ID = both[:idEnd]
	}
	if len(both) > idEnd {
		d.Event = both[idEnd:]
	}
	if d.ID != "" && d.Window == 0 {
		d.Window = max(2*j.timestamp.tolerance, minWindow)
	}
	return nil
}

func (j *judge) appendID(dst []byte, w *work, req *Request) ([]byte, *Refusal) {
	switch {
	case j.delivery.header != "":
		id, r := w.id, (*Refusal)(nil)
		if id == nil {
			id, r = j.readID(req.Header)
		}
		// One who sends the secret itself could send any id, so one that is missing hides nothing.
		if r == errDeliveryMissing && j.token.from.kind != fromNowhere {
			return dst, nil
		}
		return append(dst, id...), r
	case j.delivery.field.given():
		id, _, ok := w.walk.text(dst, req.Body, j.delivery.field)
		switch {
		case j.delivery.digest != "" && (!ok || len(id) == 0):
			return j.appendDigest(dst, w), nil
		case !ok:
			return dst, errBodyMalformed
		case len(id) == 0:
			return dst, errDeliveryMissing
		case !printable(id):
			return dst, errDeliveryMalformed
		}
		return id, nil
	case j.delivery.digest != "" || j.own == nil && j.timed():
		return j.appendDigest(dst, w), nil
	}
	return dst, nil
}

func (j *judge) appendDigest(dst []byte, w *work) []byte {
	kind := "signed:"
	w.digest.Reset()
	if j.delivery.digest == digestBody {
		kind = "body:"
		w.digest.Write(w.body)
	} else {
		// The digest is made before dst is used, as both may be the buffer of the address.
		j.write(w.digest, w)
	}
	return base64.RawURLEncoding.AppendEncode(append(dst, kind...), w.digest.Sum(w.sum[:0]))
}

// appendEvent adds the sender's name of the event. It proves nothing, so a strange one is left out.
func (j *judge) appendEvent(dst []byte, req *Request) ([]byte, *Refusal) {
	switch {
	case j.event.header != "":
		text, n := req.Header.Field(j.event.header)
		if n > 1 {
			return dst, errHeaderRepeated
		}
		if printable(text) {
			dst = append(dst, text...)
		}
	case j.event.field.given():
		if text := appendLabel(dst, req.Body, j.event.field); printable(text[len(dst):]) {
			return text, nil
		}
	}
	return dst, nil
}

// Spend costs what judging a request with that body costs.
func (v *Verifier) Spend(body []byte) {
	if v == nil || v.idle == nil {
		return
	}
	for _, j := range v.judges {
		if s, ok := j.own.(spender); ok {
			s.spend(body)
			return
		}
		if len(j.keys) > 0 {
			j.keys[0].spend(body)
			return
		}
	}
	v.idle.spend(body)
}

func (v *Verifier) release(w *work) {
	w.body, w.timestamp, w.id, w.cand.n = nil, nil, nil, 0
	w.method, w.url, w.target, w.by = "", "", "", nil
	if cap(w.text) > maxKept {
		w.text = nil
	}
	if cap(w.content) > maxKept {
		w.content = nil
	}
	v.scratch.Put(w)
}
