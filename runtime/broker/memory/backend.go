package memory

import (
	"context"
	"log/slog"

	"github.com/penstock/penstock/runtime/broker"
)

// Settings are the back end's own configuration; zero values are the defaults.
type Settings struct {
	// Messages is how many messages may be unacknowledged, counted once for each group. Default 8192.
	Messages int `koanf:"messages" min:"0"`
	// Bytes is how many bytes of payload they may have together; one larger message passes when there
	// is no other. Default 64 MiB.
	Bytes int `koanf:"bytes" min:"0"`
}

// Backend describes this back end.
func Backend() broker.Backend {
	return broker.Backend{
		Name:     "memory",
		Summary:  "inside this process; the store keeps what is not finished",
		Features: broker.Features{Groups: true},
		Open: func(_ context.Context, s broker.Settings, _ *slog.Logger) (broker.Broker, error) {
			var settings Settings
			if s != nil {
				if err := s.Decode(&settings); err != nil {
					return nil, err
				}
			}
			return New(settings), nil
		},
	}
}
