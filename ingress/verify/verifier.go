package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"sync"
	"time"
)

// Verifier judges the requests of one webhook. It may be used from many goroutines. The zero Verifier
// and a nil one refuse everything.
type Verifier struct {
	scheme     *preset
	keys       []*key
	size       int // of a digest, in bytes
	tolerance  time.Duration
	idStop     byte
	hasIDStop  bool
	tokenAlone bool
	scratch    sync.Pool // *work
}

// work is what one judgement needs beyond the MACs.
type work struct {
	cand      candidates
	body      []byte
	timestamp []byte
	id        []byte
	digest    hash.Hash
	sum       [sha256.Size]byte
}

// Unready gives a Verifier that refuses everything: for a webhook whose preset or secret cannot be used.
func Unready() *Verifier { return &Verifier{} }

// TokenAlone reports whether the verifier asks for no proof beyond the webhook's token.
func (v *Verifier) TokenAlone() bool { return v != nil && v.tokenAlone }

// Verify judges req at the time now. The error is a *[Refusal]. A request that is refused before its
// MAC was made costs one all the same, so that the time of an answer does not tell what was wrong.
func (v *Verifier) Verify(req Request, now time.Time) (Delivery, error) {
	if v == nil || v.scheme == nil {
		if v != nil && v.tokenAlone {
			return Delivery{}, nil
		}
		return Delivery{}, errVerifierUnready
	}
	w := v.scratch.Get().(*work)
	defer v.release(w)
	w.body = req.Body
	if r := v.read(w, req.Header, now); r != nil {
		v.Spend(req.Body)
		return Delivery{}, r
	}
	match := 0
	for _, k := range v.keys {
		match |= k.match(&w.cand, v, w)
	}
	if match != 1 {
		return Delivery{}, errSignatureMismatch
	}
	return v.delivery(w), nil
}

// Spend makes the MAC of body and forgets it: what judging a request with that body costs.
func (v *Verifier) Spend(body []byte) {
	if v == nil || len(v.keys) == 0 {
		return
	}
	v.keys[0].spend(body)
}

func (v *Verifier) release(w *work) {
	w.body, w.timestamp, w.id, w.cand.n = nil, nil, nil, 0
	v.scratch.Put(w)
}

// read takes everything but the MAC from the header and judges it.
func (v *Verifier) read(w *work, h Header, now time.Time) *Refusal {
	s := v.scheme
	field, r := once(h, s.signature.header, errSignatureMissing)
	if r != nil {
		return r
	}
	shared := s.timestamp.header != "" && s.timestamp.prefix != "" && s.timestamp.header == s.signature.header
	if r := v.readSignatures(w, field, shared); r != nil {
		return r
	}
	if s.timestamp.header != "" {
		if !shared {
			if w.timestamp, r = once(h, s.timestamp.header, errTimestampMissing); r != nil {
				return r
			}
			var ok bool
			if w.timestamp, ok = bytes.CutPrefix(w.timestamp, []byte(s.timestamp.prefix)); !ok {
				return errTimestampMalformed
			}
		}
		if r := v.checkAge(w.timestamp, now); r != nil {
			return r
		}
	}
	if s.delivery.header != "" {
		if w.id, r = once(h, s.delivery.header, errDeliveryMissing); r != nil {
			return r
		}
		if !v.usableID(w.id) {
			return errDeliveryMalformed
		}
	}
	if s.eventHeader != "" {
		if _, n := h.Field(s.eventHeader); n > 1 {
			return errHeaderRepeated
		}
	}
	return nil
}

// readSignatures decodes every signature of the scheme. In a list, items of other kinds are passed
// over, and so is a signature that does not decode, as long as another one does.
func (v *Verifier) readSignatures(w *work, field []byte, shared bool) *Refusal {
	s := v.scheme
	if s.signature.separator == "" {
		text, ok := bytes.CutPrefix(field, []byte(s.signature.prefix))
		if !ok {
			return errSignatureMalformed
		}
		if !w.cand.add(text, s.signature.encoding, v.size) {
			return errSignatureMalformed
		}
		return nil
	}
	stamped, count := false, 0
	for rest, more := field, true; more; {
		var item []byte
		item, rest, more = bytes.Cut(rest, []byte(s.signature.separator))
		item = bytes.Trim(item, " ")
		if text, ok := bytes.CutPrefix(item, []byte(s.signature.prefix)); ok {
			if count++; count > maxSignatures {
				return errSignatureMany
			}
			w.cand.add(text, s.signature.encoding, v.size)
			continue
		}
		if text, ok := bytes.CutPrefix(item, []byte(s.timestamp.prefix)); ok && shared {
			if stamped {
				return errHeaderRepeated
			}
			stamped, w.timestamp = true, text
		}
	}
	if count == 0 {
		return errSignatureMissing
	}
	if w.cand.n == 0 {
		return errSignatureMalformed
	}
	if shared && !stamped {
		return errTimestampMissing
	}
	return nil
}

func (v *Verifier) checkAge(text []byte, now time.Time) *Refusal {
	t, ok := parseTimestamp(v.scheme.timestamp.form, text)
	if !ok {
		return errTimestampMalformed
	}
	switch age := now.Sub(t); {
	case age > v.tolerance:
		return errTimestampStale
	case age < -v.tolerance:
		return errTimestampFuture
	}
	return nil
}

// usableID takes printable ASCII that does not hold the byte which ends the id in the signed content.
func (v *Verifier) usableID(id []byte) bool {
	if len(id) > 200 || v.hasIDStop && slices.Contains(id, v.idStop) {
		return false
	}
	for _, c := range id {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// write puts the signed content into h.
func (v *Verifier) write(h hash.Hash, w *work) {
	for i := range v.scheme.signed {
		switch p := &v.scheme.signed[i]; p.part {
		case bodyPart:
			h.Write(w.body)
		case timestampPart:
			h.Write(w.timestamp)
		case idPart:
			h.Write(w.id)
		case literal:
			h.Write(p.text)
		}
	}
}

// delivery names the proven request. Without an id of the sender, a digest stands for it, so that a
// repeated request makes no second event.
func (v *Verifier) delivery(w *work) Delivery {
	if text := v.scheme.challenge(w.body); text != "" {
		return Delivery{Challenge: text, ChallengeField: v.scheme.handshake.answer}
	}
	d := Delivery{Window: max(2*v.tolerance, minWindow)}
	switch {
	case v.scheme.delivery.header != "":
		d.ID = string(w.id)
	case v.scheme.delivery.digest == digestBody:
		w.digest.Reset()
		w.digest.Write(w.body)
		d.ID = w.text("body:")
	case v.scheme.delivery.digest == digestSigned || v.scheme.timestamp.header != "":
		w.digest.Reset()
		v.write(w.digest, w)
		d.ID = w.text("signed:")
	default:
		return Delivery{}
	}
	return d
}

func (w *work) text(kind string) string {
	sum := w.digest.Sum(w.sum[:0])
	return kind + base64.RawURLEncoding.EncodeToString(sum)
}
