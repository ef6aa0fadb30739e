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
