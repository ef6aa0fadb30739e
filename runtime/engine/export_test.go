package engine

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

// Kept gives the number of versions that are kept beside the loaded ones.
func (e *Engine) Kept() int { return e.versions.size() }

// Gathering gives the number of pipelines that gather for a batch, or whose batch is being stored.
func (e *Engine) Gathering() int { return len(e.batches.names()) }

// KeptKey gives the key under which a kept event is published.
func (m *Emitter) KeptKey(e store.Event) string { return m.keptKey(e) }

// PruneVersions forgets texts as at the given time.
func (e *Engine) PruneVersions(ctx context.Context, now time.Time) { e.pruneVersions(ctx, now) }

// Retire forgets what no unfinished run needs.
func (e *Engine) Retire(ctx context.Context) { e.retire(ctx) }
