package verify

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"
)

// judge is one way of proving of a webhook: a template with its keys, or a scheme written in Go.
type judge struct {
	*preset
	own       scheme // written in Go; nil = the template
	keys      []*key
	size      int // of a signature, in bytes; 0 = it varies
	signsID   bool
	signsURL  bool
	signsPath bool
	idStop    byte
	hasIDStop bool

	addressBefore, addressBehind bool // of the body, without anything between
}

func newJudge(s *preset) *judge {
	j := &judge{preset: s, signsID: has(s.signed, idPart), signsURL: has(s.signed, urlPart), signsPath: has(s.signed, pathPart)}
	j.addressBefore, j.addressBehind = addresses(s.signed)
	j.idStop, j.hasIDStop = idStop(s.signed)
	return j
}

// chosen reports whether the request holds a proof of this kind at all, and is one for this variant.
func (j *judge) chosen(req *Request, w *walker) (bool, *Refusal) {
	if !j.present(req) {
		return false, nil
	}
	return hold(j.when, req, w)
}

func (j *judge) present(req *Request) bool {
	switch j.token.from.kind {
	case fromBody:
		return true
	case fromQuery:
		_, n := queryValue(req.Target, j.token.from.name)
		return n > 0
	case fromHeader:
		_, n := req.Header.Field(j.token.from.name)
		return n > 0
	}
	_, n := req.Header.Field(j.signature.header)
	return n > 0
}

// prove reads the template's parts of the request and compares the signatures.
func (j *judge) prove(w *work, req *Request, now time.Time) *Refusal {
	if r := j.read(w, req, now); r != nil {
		j.keys[0].spend(req.Body)
		return r
	}
	match, live := 0, 0
	for _, k := range j.keys {
		if k.live(now) {
			live++
			if k.match(j, w) == 1 {
				match, w.by = 1, k
			}
		}
	}
	switch {
	case live == 0:
		j.keys[0].spend(req.Body)
		return errSecretExpired
	case match != 1:
		return errSignatureMismatch
	}
	return nil
}

// read takes everything but the MAC from the request and judges it.
func (j *judge) read(w *work, req *Request, now time.Time) *Refusal {
	h := req.Header
	field, r := once(h, j.signature.header, errSignatureMissing)
	if r != nil {
		return r
	}
	shared := j.timestamp.header != "" && j.timestamp.header == j.signature.header && (j.timestamp.prefix != "" || j.timestamp.first)
	if r := j.readSignatures(w, field, shared); r != nil {
		return r
	}
	if j.timestamp.header != "" {
		if !shared {
			if w.timestamp, r = once(h, j.timestamp.header, errTimestampMissing); r != nil {
				return r
			}
			var ok bool
			if w.timestamp, ok = bytes.CutPrefix(w.timestamp, []byte(j.timestamp.prefix)); !ok {
				return errTimestampMalformed
			}
		}
		if r := j.checkAge(w.timestamp, now); r != nil {
			return r
		}
	}
	if j.signsID {
		if w.id, r = j.readID(h); r != nil {
			return r
		}
	}
	w.method, w.target = req.Method, req.Target
	if j.signsURL {
		if w.url = req.URL; w.url == "" {
			return errURLUnknown
		}
		if !plainURL(w.url) {
			return errURLMalformed
		}
	}
	if j.signsPath && !plainAddress(w.target) || !j.bordered(req.Body) {
		return errURLMalformed
	}
	return nil
}

func (j *judge) readID(h Header) ([]byte, *Refusal) {
	id, r := once(h, j.delivery.header, errDeliveryMissing)
	if r == nil && !j.usableID(id) {
		r = errDeliveryMalformed
	}
	return id, r
}

// readSignatures decodes every signature of the scheme. In a list, items of other kinds are passed
// over, and so is a signature that does not decode, as long as another one does.
func (j *judge) readSignatures(w *work, field []byte, shared bool) *Refusal {
	s := &j.signature
	if s.separator == "" {
		text, ok := bytes.CutPrefix(field, []byte(s.prefix))
		if !ok || !w.cand.add(text, s.encoding, j.size) {
			return errSignatureMalformed
		}
		return nil
	}
	stamped, count := false, 0
	for rest, more := field, true; more; {
		var item []byte
		item, rest, more = cutAny(rest, s.separator)
		item = bytes.Trim(item, " ")
		if j.timestamp.first && !stamped {
			stamped, w.timestamp = true, item
			continue
		}
		if text, ok := bytes.CutPrefix(item, []byte(s.prefix)); ok {
			if count++; count > maxSignatures {
				return errSignatureMany
			}
			w.cand.add(text, s.encoding, j.size)
			continue
		}
		if text, ok := bytes.CutPrefix(item, []byte(j.timestamp.prefix)); ok && shared {
			if stamped && (s.separator != separatorSets || string(text) != string(w.timestamp)) {
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

// cutAny cuts a list at the first of the separator's characters.
func cutAny(list []byte, separator string) (item, rest []byte, more bool) {
	if i := bytes.IndexAny(list, separator); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return list, nil, false
}

func (s *preset) checkAge(text []byte, now time.Time) *Refusal {
	t, ok := parseTimestamp(s.timestamp.form, text)
	if !ok {
		return errTimestampMalformed
	}
	return checkAge(t, s.timestamp.tolerance, now)
}

// checkAge refuses a time that is further from now than the tolerance, in either direction.
func checkAge(t time.Time, tolerance time.Duration, now time.Time) *Refusal {
	switch age := now.Sub(t); {
	case age > tolerance:
		return errTimestampStale
	case age < -tolerance:
		return errTimestampFuture
	}
	return nil
}

// checkField judges the timestamp in the body of a proven request.
func (s *preset) checkField(body []byte, w *work, now time.Time) *Refusal {
	text, present, ok := w.walk.text(w.text[:0], body, s.timestamp.field)
	w.text = text
	switch {
	case !ok:
		return errBodyMalformed
	case !present:
		return errTimestampMissing
	default:
		return s.checkAge(text, now)
	}
}

// usableID takes printable ASCII that does not hold the byte which ends the id in the signed content.
func (j *judge) usableID(id []byte) bool {
	return printable(id) && (!j.hasIDStop || !slices.Contains(id, j.idStop))
}

// printable reports whether text is short and visible ASCII without spaces.
func printable(text []byte) bool {
	for _, c := range text {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(text) <= 200
}

// write puts the signed content into h.
func (j *judge) write(h io.Writer, w *work) {
	for i := range j.signed {
		switch p := &j.signed[i]; p.part {
		case bodyPart:
			put(h, w.body)
		case timestampPart:
			put(h, w.timestamp)
		case idPart:
			put(h, w.id)
		case methodPart:
			w.writeText(h, w.method)
		case urlPart:
			w.writeURL(h, j.url)
		case pathPart:
			w.writeText(h, w.target)
		case literal:
			put(h, p.text)
		}
	}
}

// put writes to a hash or a buffer, which never fail.
func put(to io.Writer, p []byte) { _, _ = to.Write(p) }

func (w *work) writeText(h io.Writer, text string) {
	w.text = append(w.text[:0], text...)
	put(h, w.text)
}

// writeURL writes the address in the form that the sender signs.
func (w *work) writeURL(h io.Writer, form string) {
	if form == urlHubspot {
		w.text = appendHubspot(w.text[:0], w.url)
		put(h, w.text)
		return
	}
	w.writeText(h, w.url)
}

// appendHubspot decodes twelve percent escapes, once, as HubSpot does before it signs; all others stay.
func appendHubspot(dst []byte, address string) []byte {
	const (
		escapes = "3A 2F 3F 40 21 24 27 28 29 2A 2C 3B"
		plain   = ":/?@!$'()*,;"
	)
	for i := 0; i < len(address); i++ {
		if address[i] == '%' && i+2 < len(address) {
			if at := strings.Index(escapes, strings.ToUpper(address[i+1:i+3])); at >= 0 && at%3 == 0 {
				dst = append(dst, plain[at/3])
				i += 2
				continue
			}
		}
		dst = append(dst, address[i])
	}
	return dst
}
