package app

import (
	"context"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
)

// jobs is what the commands know of the engine, which is made after them.
type jobs struct{ a *App }

func (j jobs) Jobs(ctx context.Context) ([]run.Job, error) { return j.a.engine.Jobs(ctx) }

func (j jobs) RunJob(ctx context.Context, name string, cause event.Event) (string, error) {
	return j.a.engine.RunJob(ctx, name, cause)
}
