package app

import (
	"context"
	"time"

	"github.com/penstock/penstock/internal/metrics"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/store"
)

// Look reads the pipeline directory as the running server does every second.
func (a *App) Look(ctx context.Context) { a.catalog.look(ctx) }

// Loaded tells of the loaded pipelines.
func (a *App) Loaded() Pipelines { return a.catalog.status() }

// Emit accepts an event with the key and gives its id.
func (a *App) Emit(ctx context.Context, key string) (string, error) {
	e := event.New(key, time.Now())
	_, err := a.emitter.Emit(ctx, e, event.Dedupe{})
	return e.ID, err
}

// Metrics gives what was counted.
func (a *App) Metrics() *metrics.Registry { return a.metrics }

// Store gives the open store.
func (a *App) Store() store.Store { return a.store }
