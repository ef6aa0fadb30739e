package ingress

import (
	"bytes"
	"slices"
	"unicode/utf8"
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
	[]byte("x-client-cert"), []byte("x-ssl-"), []byte(factPrefix),
}

// eventHeaders gives the header of the event: the safe part of the request's, which is content-type,
// user-agent, the sender's x- fields and those that the preset names, in lower case, and what the door says
// itself. Values that are long or not UTF-8 are left out; of a repeated field the values are joined by commas.
func (v *visit) eventHeaders() map[string]string {
	// All texts share one string, which is one copy for the whole header.
	type field struct{ name, value, end int }
	var list [maxEventHeaders]field
	var room [1024]byte
	buf, n := room[:0], 0
	for name, text := range v.header().All() {
		if n == len(list) {
			break
		}
		if !v.hook.maybeHeader(name) || len(text) == 0 || len(text) > maxEventHeader || !utf8.Valid(text) {
			continue
		}
		at := len(buf)
		buf = appendLower(buf, name)
		if !v.hook.mayHeader(buf[at:]) {
			buf = buf[:at]
			continue
		}
		list[n] = field{at, len(buf), len(buf) + len(text)}
		buf = append(buf, text...)
		n++
	}
	typeAt := len(buf)
	buf = appendMedia(buf, v.header().ContentType())
	all := string(buf)
	out := make(map[string]string, n+6)
	for _, f := range list[:n] {
		name, text := all[f.name:f.value], all[f.value:f.end]
		if first, again := out[name]; again {
			if text = first + ", " + text; len(text) > maxEventHeader {
				continue
			}
		}
		out[name] = text
	}
	for _, fact := range [...]struct{ name, text string }{
		{factPreset, v.preset()},
		{factProvider, v.hook.provider},
		{factDelivery, v.delivery.ID},
		{factEvent, v.delivery.Event},
		{factContentType, all[typeAt:]},
		{factPayload, v.content.form},
		{factSchema, v.misfit},
	} {
		if fact.text != "" {
			out[fact.name] = fact.text
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
