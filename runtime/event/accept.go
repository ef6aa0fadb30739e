package event

import "time"

// Dedupe names a delivery, so that a repeated one makes no second event. The zero value asks for none.
type Dedupe struct {
	Scope string    // who counts: a webhook's id, for example
	Key   string    // the sender's id of the delivery; empty = no dedupe
	Until time.Time // how long the key is remembered at least
}

// Accepted is the answer to an accepted delivery.
type Accepted struct {
	EventID string // of the stored event; for a repeated delivery, the id of the first one
	Fresh   bool   // false: the delivery was seen before and nothing new was stored
}
