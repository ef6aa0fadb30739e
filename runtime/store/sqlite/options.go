package sqlite

import (
	"log/slog"
	"time"
)

// Options are the settings of a store. Dir is required; zero values elsewhere are the defaults.
type Options struct {
	// Dir is the data directory. It is made with mode 0700 when it is missing.
	Dir string
	// Reserve is the free space, in bytes, below which no event is accepted, so that accepted ones
	// can still be worked off. Default 64 MiB; negative keeps none.
	Reserve int64
	// MaxRejects is how many refusals are kept. Default 10,000.
	MaxRejects int
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Logger hears of what an operator must act on. Default: nothing is logged.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Reserve == 0 {
		o.Reserve = 64 << 20
	}
	if o.MaxRejects <= 0 {
		o.MaxRejects = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default clock
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
