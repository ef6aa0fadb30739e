package ingress

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/value"
)

// What the door itself says in the headers of an event. A sender's fields of such names are left out, so
// that a pipeline may rely on them. A fact that is not known has no header.
const (
	factPrefix      = "x-penstock-"
	factPreset      = "x-penstock-preset"       // preset by which the request was proven; none where the token alone opens the webhook
	factProvider    = "x-penstock-provider"     // the provider that the preset is for; none of a preset that is for anybody
	factDelivery    = "x-penstock-delivery-id"  // names the delivery among those of its webhook: the sender's id, else a digest of what was signed
	factEvent       = "x-penstock-event"        // the sender's own name of what happened
	factContentType = "x-penstock-content-type" // media type in lower case, without parameters
	factPayload     = "x-penstock-payload"      // what the payload was made of: json, text, form, multipart, query, base64 or outbound
	factSchema      = "x-penstock-schema"       // place in the webhook's schema that the body does not fit
)

const (
	maxEventHeaders = 32
	maxEventHeader  = 1024 // bytes of a value
)

// private are words in a header name that speak of a proof, a secret or the way through proxies: such a
// field never becomes part of an event.
//
//nolint:gochecknoglobals // constant data
var private = [][]byte{
	[]byte("token"), []byte("auth"), []byte("cookie"), []byte("signature"), []byte("hmac"), []byte("secret"), []byte("key"),
	[]byte("password"), []byte("credential"), []byte("session"), []byte("x-forwarded-"), []byte("x-real-ip"),
	[]byte("x-client-cert"), []byte("x-ssl-"),
}

// eventHeaders gives the header of the event as JSON text: the safe part of the request's, which is
// content-type, user-agent, the sender's x- fields and those that the preset names, in lower case, and what
// the door says itself. Values that are long or not UTF-8 are left out; of a repeated field the values are
// joined by commas.
func (v *visit) eventHeaders(list *headerList) []byte {
	list.collect(v)
	out := append(list.out[:0], '{')
	for i := range list.n {
		if list.repeats(i) {
			continue
		}
		// A name is a token of HTTP, which needs no escape.
		out = append(append(comma(out), '"'), list.name(i)...)
		out = value.AppendText(append(out, `":`...), list.joined(i))
	}
	out = appendFact(out, factPreset, v.preset())
	out = appendFact(out, factProvider, v.hook.provider)
	out = appendFact(out, factDelivery, v.delivery.ID)
	out = appendFact(out, factEvent, v.delivery.Event)
	if media := appendMedia(list.buf[:0], v.header().ContentType()); len(media) > 0 { // the list is written
		out = value.AppendText(append(append(append(comma(out), '"'), factContentType...), `":`...), media)
	}
	out = appendFact(out, factPayload, v.content.form)
	out = appendFact(out, factSchema, v.misfit)
	list.out = append(out, '}')
	return bytes.Clone(list.out)
}

func appendFact(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(append(append(comma(dst), '"'), name...), `":`...)
	return value.AppendString(dst, text)
}

// comma goes on in an object.
func comma(dst []byte) []byte {
	if dst[len(dst)-1] == '{' {
		return dst
	}
	return append(dst, ',')
}

// headerList are fields of a request that go into an event, with their names in lower case. It is used
// again for other requests; its size is bounded by that of a request's header.
type headerList struct {
	buf    []byte
	fields [maxEventHeaders]struct{ name, value, end int } // places in buf
	n      int
	out    []byte
}

func (l *headerList) collect(v *visit) {
	l.buf, l.n = l.buf[:0], 0
	for name, text := range v.header().All() {
		if l.n == len(l.fields) {
			break
		}
		if !v.hook.maybeHeader(name) || len(text) == 0 || len(text) > maxEventHeader || !utf8.Valid(text) {
			continue
		}
		at := len(l.buf)
		l.buf = appendLower(l.buf, name)
		if !v.hook.mayHeader(l.buf[at:]) {
			l.buf = l.buf[:at]
			continue
		}
		f := &l.fields[l.n]
		f.name, f.value, f.end = at, len(l.buf), len(l.buf)+len(text)
		l.buf = append(l.buf, text...)
		l.n++
	}
}

func (l *headerList) name(i int) []byte  { return l.buf[l.fields[i].name:l.fields[i].value] }
func (l *headerList) value(i int) []byte { return l.buf[l.fields[i].value:l.fields[i].end] }

// repeats reports whether an earlier field has the name.
func (l *headerList) repeats(i int) bool {
	for j := range i {
		if string(l.name(j)) == string(l.name(i)) {
			return true
		}
	}
	return false
}

// joined gives the value of a field with those of later ones of its name, as far as they fit.
func (l *headerList) joined(i int) []byte {
	out := l.value(i)
	for j := i + 1; j < l.n; j++ {
		if string(l.name(j)) == string(l.name(i)) && len(out)+2+len(l.value(j)) <= maxEventHeader {
			out = slices.Concat(out, []byte(", "), l.value(j))
		}
	}
	return out
}

// providerOf gives the provider that a preset is for: its name, without what tells two schemes of one
// provider apart. A way of proving that anybody may use belongs to nobody.
func providerOf(preset string) string {
	switch preset {
	case "hmac", "ed25519", "basic", "bearer", "api-key", "jwt", "mtls", "ip-allow-list", "rfc9421",
		"cloudevents-webhook", "standard-webhooks", "standard-webhooks-v1a":
		return ""
	case "hubspot-v3", "hubspot-legacy":
		return "hubspot"
	}
	return preset
}

// isProof reports whether a field, in lower case, holds a proof or the token of a webhook.
func (e *entry) isProof(name string) bool {
	return slices.Contains(e.proofs, name) || name == "token" || name == "authorization" || name == "cookie"
}

// maybeHeader reports whether a field may become part of the event, by the look of its name.
func (e *entry) maybeHeader(name []byte) bool {
	if len(name) > 64 {
		return false
	}
	if len(name) > 2 && (name[0] == 'X' || name[0] == 'x') && name[1] == '-' {
		return true
	}
	switch string(name) {
	case "Content-Type", "User-Agent":
		return true
	}
	for _, other := range e.headers {
		if sameFold(name, other) {
			return true
		}
	}
	return false
}

// mayHeader decides for a name in lower case.
func (e *entry) mayHeader(name []byte) bool {
	if len(name) >= len(factPrefix) && string(name[:len(factPrefix)]) == factPrefix {
		return false
	}
	for _, proof := range e.proofs {
		if string(name) == proof {
			return false
		}
	}
	for _, other := range e.headers {
		if string(name) == other {
			return true
		}
	}
	switch string(name) {
	case "content-type", "user-agent":
		return true
	}
	for _, word := range private {
		if bytes.Contains(name, word) {
			return false
		}
	}
	return true
}

func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
