package verify

import "time"

// Header gives access to the header fields of a request.
type Header interface {
	// Field gives the first value of the field and how often it occurs. The name's letter case does
	// not matter. The value is only read, and only while Verify runs.
	Field(name string) (value []byte, count int)
}

// Request is what a verifier judges.
type Request struct {
	Header Header
	Body   []byte // as it came in; only read
}

// Delivery is what a proven request says about itself.
type Delivery struct {
	ID     string        // names the delivery among those of one webhook; empty = it has no name
	Window time.Duration // how long ID must be remembered

	// Challenge is set when the request is the sender's handshake. It is answered with the field
	// ChallengeField of a JSON object and is no event.
	Challenge, ChallengeField string
}

// minWindow is how long a delivery is remembered at least: senders repeat for hours.
const minWindow = 24 * time.Hour
