package ingress

import (
	"time"

	"github.com/penstock/penstock/ingress/internal/front"
)

// Metrics counts what the door does. Its methods are called for every request, from many goroutines; they
// must be quick and should not allocate.
type Metrics interface {
	Begin()                                 // a request for a webhook is in work
	End(took time.Duration, bytes int)      // it was answered; bytes is the size of its body on the wire
	Accepted(preset string, duplicate bool) // the event is on disk; preset is the webhook's, "" for the token alone
	Handshake(preset string)                // a sender's handshake was answered
	Refused(reason string)                  // a request was refused; one of Reasons
	Closed(limit string)                    // a connection was closed; one of Limits
}

// Limits gives the limits that close connections, as Metrics.Closed is told them.
func Limits() []string { return front.Limits() }

// unmeasured counts nothing.
type unmeasured struct{}

func (unmeasured) Begin()                 {}
func (unmeasured) End(time.Duration, int) {}
func (unmeasured) Accepted(string, bool)  {}
func (unmeasured) Handshake(string)       {}
func (unmeasured) Refused(string)         {}
func (unmeasured) Closed(string)          {}
