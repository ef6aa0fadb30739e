package storetest

import (
	"bytes"
	"time"

	"github.com/penstock/penstock/runtime/event"
)

func newEvent(key string, payload []byte) event.Event {
	e := event.New(key, time.Now())
	e.Payload = payload
	return e
}

// kilobyte is a JSON text of 1 KiB.
func kilobyte() []byte { return text(1024) }

// text is a JSON text of that many bytes.
func text(size int) []byte {
	return append(append([]byte{'"'}, bytes.Repeat([]byte("x"), size-2)...), '"')
}
