package verify

import (
	"strings"
	"time"
)

// Outgoing is a request that is to be signed as a provider would do it.
type Outgoing struct {
	Method     string      // empty = POST
	URL        string      // as the sender calls it; a scheme may add a parameter
	Header     [][2]string // what there is stays, a field of the same name is replaced
	Body       []byte      // nil = the preset's sample of Event
	Event      string      // empty = the event of the first sample
	ID         string      // of the delivery, where the scheme has one
	Now        time.Time
	PrivateKey []byte // PEM, PKCS #8; for schemes with public keys
}

// set adds a header field, or replaces it.
func (o *Outgoing) set(name, value string) {
	for i := range o.Header {
		if strings.EqualFold(o.Header[i][0], name) {
			o.Header[i][1] = value
			return
		}
	}
	o.Header = append(o.Header, [2]string{name, value})
}

// outgoingHeader reads what an Outgoing holds as a request would.
type outgoingHeader struct{ o *Outgoing }

func (h outgoingHeader) Field(name string) ([]byte, int) {
	all := h.Values(name)
	if len(all) == 0 {
		return nil, 0
	}
	return all[0], len(all)
}

func (h outgoingHeader) Values(name string) [][]byte {
	var out [][]byte
	for _, f := range h.o.Header {
		if strings.EqualFold(f[0], name) {
			out = append(out, []byte(f[1]))
		}
	}
	return out
}

// withParameter adds a parameter, which needs no escape, to the query of an address.
func withParameter(url, name, value string) string {
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	return url + sep + name + "=" + value
}

// idOf writes an id with letters, digits and the given separator alone.
func idOf(text, separator string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if alphanumeric([]byte{c}) {
			out.WriteByte(c)
		} else {
			out.WriteString(separator)
		}
	}
	return out.String()
}
