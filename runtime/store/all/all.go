package all

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// Options are the settings that every store understands. Zero values are the defaults of the store.
type Options struct {
	Dir        string           // data directory, for stores that keep files
	Reserve    int64            // free bytes on the disk below which no event is accepted; negative keeps none
	MaxRejects int              // how many refusals are kept
	Now        func() time.Time // the clock
	Logger     *slog.Logger
}

// Kind is a kind of store.
type Kind struct {
	Name    string // the value of the configuration key store.type
	Summary string
	Open    func(ctx context.Context, o Options) (store.Store, error)
}

// Kinds gives every kind, the default first. A new one adds its line.
func Kinds() []Kind {
	return []Kind{
		{"sqlite", "one file in the data directory, synced before anything is acknowledged", openSQLite},
	}
}

// Open opens the store of that kind; an empty name is the default. An unknown name is fault.ConfigValue
// and names the nearest one; the other errors are those of the store.
func Open(ctx context.Context, name string, o Options) (store.Store, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name == name || name == "" {
			return k.Open(ctx, o)
		}
		names = append(names, k.Name)
	}
	hint := fault.DidYouMean(name, names)
	if hint == "" {
		hint = "choose one of: " + strings.Join(names, ", ")
	}
	return nil, fault.New(fault.ConfigValue, "unknown store %q", name).In("store.type").WithHint("%s", hint)
}

func openSQLite(ctx context.Context, o Options) (store.Store, error) {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: o.Dir, Reserve: o.Reserve, MaxRejects: o.MaxRejects, Now: o.Now, Logger: o.Logger})
	if err != nil {
		return nil, err // a nil *sqlite.Store must not hide in the interface
	}
	return s, nil
}
