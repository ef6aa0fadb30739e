package event

import (
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// PayloadText gives the payload as it stands in an event's JSON text, byte for byte, white space around it
// included. It aliases data, which must have been made by [Event.AppendJSON].
func PayloadText(data []byte) ([]byte, error) {
	at, ok := value.Behind(data, "payload")
	if !ok || at >= len(data)-1 || data[at] != ':' {
		return nil, fault.New(fault.EventInvalid, "an event has no payload")
	}
	return data[at+1 : len(data)-1], nil // the payload is the last field
}
