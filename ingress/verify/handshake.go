package verify

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/value"
)

// handshake is how a sender asks whether the address is ours, as the preset file says it.
type handshake struct {
	name   string
	method string
	proof  string // signature, none, secret, listed
	when   []condition
	secret struct {
		from   source
		option string // its values are the allowed ones; where it is not set, the webhook's secrets are
	}
	answer answer
	learn  source // of the secret that the sender tells us once
}

// condition holds when the source occurs, with this value where one is wanted, or when it does not occur.
type condition struct {
	from    source
	equals  string // empty = any
	absent  bool   // it must not occur
	literal []byte // what JSON with that value contains in any case; empty = nothing certain
}

type answer struct {
	status  int
	kind    string // content type
	text    filling
	fields  []namedFilling
	headers []namedFilling
	chars   string // of every value that is echoed
}

// filling is one value of an answer: a source, an HMAC of a source, or a constant.
type filling struct {
	from     source
	hmac     string // encoding; empty = the source as it is
	prefix   string // in front of the HMAC
	constant any
}

type namedFilling struct {
	name string
	filling
}

const (
	proofSignature = "signature"
	proofNone      = "none"
	proofSecret    = "secret"
	proofListed    = "listed" // as secret, but anything will do where the option is not set

	charsToken     = "token"
	charsPrintable = "printable"
	charsURL       = "url"

	typeText = "text/plain"
	typeJSON = "application/json"

	maxHandshake = 16 << 10 // bytes of a body that is looked into for a handshake
	minLearned   = 16       // characters of a secret that a sender tells
)

//nolint:gochecknoglobals // constant data
var (
	proofList = []string{proofSignature, proofNone, proofSecret, proofListed}
	charsList = []string{charsToken, charsPrintable, charsURL}
	typeList  = []string{typeText, typeJSON}
)

// shake looks for a handshake among those before the proof, or among those after it. It gives the answer,
// or why one is refused; neither when the request is no handshake.
//
// by is the key that proved the request, nil where none did.
func (v *Verifier) shake(req *Request, w *walker, proven bool, by *key, now time.Time) (*Handshake, *Refusal) {
	for _, h := range v.preset.handshakes {
		if (h.proof == proofSignature) != proven || h.method != req.Method {
			continue
		}
		if is, r := hold(h.when, req, w); r != nil {
			return nil, r
		} else if !is {
			continue
		}
		asks := h.proof == proofSecret || h.proof == proofListed && len(v.options[h.secret.option]) > 0
		if asks && !v.knows(h, req, w, now) {
			return nil, errHandshakeRefused
		}
		return v.answer(h, req, w, by, now)
	}
	return nil, nil
}

// hold reports whether all conditions hold. Only a small body is decoded, and only when it contains every
// text that is wanted of it.
func hold(when []condition, req *Request, w *walker) (bool, *Refusal) {
	for _, c := range when {
		if c.from.inBody() && (len(req.Body) > maxHandshake || !bytes.Contains(req.Body, c.literal)) {
			return false, nil
		}
	}
	for _, c := range when {
		switch text, n := c.from.one(req, w); {
		case c.absent:
			if n > 0 {
				return false, nil
			}
		case n > 1:
			return false, errHeaderRepeated
		case n == 0 || c.equals != "" && string(text) != c.equals:
			return false, nil
		}
	}
	return true, nil
}

// knows reports whether the request holds a secret of the webhook. Every candidate is compared.
func (v *Verifier) knows(h *handshake, req *Request, w *walker, now time.Time) bool {
	given, n := h.secret.from.one(req, w)
	if n != 1 || len(given) == 0 {
		return false
	}
	text := string(given)
	found := 0
	if values := v.options[h.secret.option]; len(values) > 0 {
		for _, want := range values {
			found |= sameText(text, want)
		}
		return found == 1
	}
	for _, s := range v.secrets {
		if s.live(now) {
			found |= sameText(text, string(s.Text))
		}
	}
	return found == 1
}

func (v *Verifier) answer(h *handshake, req *Request, w *walker, by *key, now time.Time) (*Handshake, *Refusal) {
	out := &Handshake{Name: h.name, Status: h.answer.status, Type: h.answer.kind}
	fill := func(f filling) (any, bool) {
		if f.from.kind == fromNowhere {
			return f.constant, true
		}
		given, n := f.from.one(req, w)
		text := string(given)
		if n != 1 || !echoable(text, h.answer.chars) {
			return nil, false
		}
		if f.hmac == "" {
			return text, true
		}
		sum, ok := v.mac(text, by, now)
		return f.prefix + encode(f.hmac, sum), ok
	}
	if h.learn.kind != fromNowhere {
		given, n := h.learn.one(req, w)
		text := string(given)
		if n != 1 || len(text) < minLearned || !echoable(text, h.answer.chars) || len(v.secrets) > 0 {
			return nil, errHandshakeRefused
		}
		out.Learn = text
	}
	for _, f := range h.answer.headers {
		v, ok := fill(f.filling)
		if !ok {
			return nil, errHandshakeRefused
		}
		out.Headers = append(out.Headers, [2]string{f.name, fmt.Sprint(v)})
	}
	if h.answer.kind == typeText {
		if !h.answer.text.given() {
			return out, nil
		}
		v, ok := fill(h.answer.text)
		if !ok {
			return nil, errHandshakeRefused
		}
		if v != nil {
			out.Body = fmt.Append(nil, v)
		}
		return out, nil
	}
	out.Body = []byte{'{'}
	for i, f := range h.answer.fields {
		v, ok := fill(f.filling)
		if !ok {
			return nil, errHandshakeRefused
		}
		if i > 0 {
			out.Body = append(out.Body, ',')
		}
		out.Body = append(value.AppendString(out.Body, f.name), ':')
		var err error
		if out.Body, err = value.AppendJSON(out.Body, v); err != nil {
			return nil, errHandshakeRefused
		}
	}
	out.Body = append(out.Body, '}')
	return out, nil
}

// mac signs a short text for the sender: with the secret that the sender itself used, for while secrets
// change it knows no other, else with the first live one.
func (v *Verifier) mac(text string, by *key, now time.Time) ([]byte, bool) {
	for _, j := range v.judges {
		for _, k := range j.keys {
			if by == nil && k.public == nil && k.live(now) {
				by = k
			}
		}
	}
	if by == nil || by.public != nil {
		return nil, false
	}
	return by.sum([]byte(text)), true
}

// echoable reports whether a value of the request may be said back: else the door would say to anyone
// what he sent, as markup or as a forged signature.
func echoable(text, chars string) bool {
	limit := 1024
	if chars == charsToken {
		limit = 256
	}
	if text == "" || len(text) > limit {
		return false
	}
	for _, c := range []byte(text) {
		switch chars {
		case charsPrintable:
			if c < ' ' || c > '~' {
				return false
			}
		case charsURL:
			if c <= ' ' || c > '~' {
				return false
			}
		default:
			if !nameByte(c) && !strings.ContainsRune(".=", rune(c)) {
				return false
			}
		}
	}
	return true
}
