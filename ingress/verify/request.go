package verify

import (
	"crypto/x509"
	"net/netip"
	"time"
)

// Header gives access to the header fields of a request. The letter case of names does not matter.
type Header interface {
	// Field gives the first value of the field and how often it occurs. The value is only read, and
	// only while Verify runs.
	Field(name string) (value []byte, count int)
	// Values gives all values of the field in their order, valid until the next call of either method.
	Values(name string) [][]byte
}

// Request is what a verifier judges.
type Request struct {
	Method string // as on the wire
	Target string // path and raw query, as on the wire
	// URL is the address as the sender signed it: the public base address of the configuration, the path
	// and the raw query. It is never made of what the request says about its host. Empty = not known.
	URL          string
	Header       Header
	Body         []byte              // as it came in; only read
	Peer         netip.Addr          // of the TCP connection
	Certificates []*x509.Certificate // of the TLS client, which the listener has proven; nil = none
}

// Delivery is what a proven request says about itself.
type Delivery struct {
	ID        string        // names the delivery among those of one webhook; empty = it has no name
	Window    time.Duration // how long ID must be remembered
	Event     string        // the sender's own name of what happened; empty = it gives none
	Handshake *Handshake    // set: the request is no event, and this is its answer
}

// Handshake is the answer to a sender that asks whether the address is ours.
type Handshake struct {
	Name    string      // among those of the preset
	Status  int         // of HTTP
	Type    string      // text/plain or application/json; send it with X-Content-Type-Options: nosniff
	Headers [][2]string // further fields of the answer
	Body    []byte
	Confirm string // not empty: an address to GET through the guarded client before the answer
	Learn   string // not empty: the secret that the webhook keeps from now on
}

// minWindow is how long a delivery is remembered at least: senders repeat for hours.
const minWindow = 24 * time.Hour
