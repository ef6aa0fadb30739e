package store

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/property"
)

// Properties keeps settings and small data of pipelines by path. Paths are clean ([property.Clean]).
type Properties interface {
	// Property finds one, also one that has expired. ErrNotFound.
	Property(ctx context.Context, path string) (property.Property, error)
	// Properties lists them by path, without their values and without expired ones.
	Properties(ctx context.Context, q PropertyQuery) ([]property.Property, error)
	// PutProperty keeps p, with a revision one higher, if the one that is kept at its path has the
	// revision of p (0: if there is none). False: another caller was faster, and nothing was changed.
	PutProperty(ctx context.Context, p property.Property) (kept bool, err error)
	// MoveProperty gives the property of that path and revision another path, and At as its time. False: it is
	// gone or was changed, or another one is at the new path; nothing was changed.
	MoveProperty(ctx context.Context, m PropertyMove) (moved bool, err error)
	// DeleteProperty forgets the property of that path and revision. False: it is gone or was changed.
	DeleteProperty(ctx context.Context, path string, revision int64) (deleted bool, err error)
}

// PropertyQuery filters a listing.
type PropertyQuery struct {
	Prefix string    // of the path; empty = all
	After  string    // only paths behind it; empty = from the first
	Now    time.Time // expired ones are left out
	Limit  int       // 0 = 50
}

// PropertyMove is a change of path.
type PropertyMove struct {
	From, To string
	Revision int64
	At       time.Time
}
