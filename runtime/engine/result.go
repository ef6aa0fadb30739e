package engine

import (
	"context"
	"errors"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// Result tells what a caller learns who polls: what result.complete set first; else, once all runs of
// the event ended, the final body of the one run or an object of final bodies by pipeline; the failure
// when a run is a dead letter. fault.ResultGone when the id is unknown or its time is over.
func (e *Engine) Result(ctx context.Context, correlationID string) (run.Result, error) {
	oldest := e.o.Now().Add(-e.o.ResultTTL)
	gone := fault.New(fault.ResultGone, "there is no such result")
	body, at, err := e.store.CompletedResult(ctx, correlationID)
	switch {
	case err == nil && at.Before(oldest):
		return run.Result{}, gone
	case err == nil:
		return run.Result{State: run.ResultOK, Value: body}, nil
	case !errors.Is(err, store.ErrNotFound):
		return run.Result{}, err
	}
	ev, err := e.store.Event(ctx, correlationID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return run.Result{}, gone
	case err != nil:
		return run.Result{}, err
	case ev.Settled.IsZero():
		return run.Result{State: run.ResultProcessing}, nil
	case ev.Settled.Before(oldest):
		return run.Result{}, gone
	}
	runs, err := e.store.RunsOf(ctx, ev.ID)
	if err != nil {
		return run.Result{}, err
	}
	return combine(runs)
}

func combine(runs []run.Run) (run.Result, error) {
	bodies := make(map[string]any, len(runs))
	for _, r := range runs {
		if r.Status != run.Done {
			return run.Result{State: run.ResultError, Code: r.Code, Message: r.Message}, nil
		}
		if len(runs) == 1 {
			return run.Result{State: run.ResultOK, Value: r.Body}, nil
		}
		if r.Body == nil { // its work is the batch's
			bodies[r.Pipeline] = nil
			continue
		}
		v, err := value.Decode(r.Body)
		if err != nil {
			return run.Result{}, fault.Wrap(fault.Internal, err, "reading the final body of a run")
		}
		bodies[r.Pipeline] = v
	}
	if len(runs) == 0 {
		return run.Result{State: run.ResultOK}, nil
	}
	text, err := value.AppendJSON(nil, bodies)
	return run.Result{State: run.ResultOK, Value: text}, err
}
