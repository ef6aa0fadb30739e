package keys

import "time"

// Options are the bounds of a [Cache]; zero fields take the defaults.
type Options struct {
	MinAge     time.Duration // a value is kept so long at least; default 5 minutes
	MaxAge     time.Duration // and so long at most; default 24 hours
	DefaultAge time.Duration // when the answer says nothing; default 1 hour
	MaxStale   time.Duration // how long a value serves after its age, while it cannot be renewed; default 24 hours
	RetryAfter time.Duration // how long a failure is remembered; default 30 seconds
	Patience   time.Duration // how long a caller waits for a renewal while an old value is there; default 1 second

	MaxBody int // of an answer, in bytes; default 64 KiB
	Entries int // addresses that are remembered; default 128
	PerHost int // requests for unknown addresses, and confirmations, to one host in a minute; default 10

	Now func() time.Time // the clock; default time.Now
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.MinAge, 5 * time.Minute},
		{&o.MaxAge, 24 * time.Hour},
		{&o.DefaultAge, time.Hour},
		{&o.MaxStale, 24 * time.Hour},
		{&o.RetryAfter, 30 * time.Second},
		{&o.Patience, time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&o.MaxBody, 64 << 10}, {&o.Entries, 128}, {&o.PerHost, 10}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default clock
	}
	return o
}
