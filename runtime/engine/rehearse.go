package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// Rehearse makes one attempt of what a replay would do, without recording anything and without calling a
// command that changes the world outside: such a one gives what it gave in the old run, where that was
// recorded for the same parameters, and else leaves the body as it is. Waits pass at once. The errors are those of Replay; that the
// attempt fails is none.
func (e *Engine) Rehearse(ctx context.Context, q run.Replay) (run.Rehearsal, error) {
	old, err := e.store.Run(ctx, q.EventID, q.Pipeline)
	if errors.Is(err, store.ErrNotFound) {
		return run.Rehearsal{}, unknownRun(run.ID(q.EventID, q.Pipeline))
	}
	if err != nil {
		return run.Rehearsal{}, err
	}
	if err := replayable(q, old); err != nil {
		return run.Rehearsal{}, err
	}
	if old.Pipeline == ParkedPipeline {
		return run.Rehearsal{}, fault.New(fault.RunReplay, "a parked event is of no pipeline that could be rehearsed")
	}
	ev, err := e.again(ctx, q, old)
	if err != nil {
		return run.Rehearsal{}, err
	}
	j, err := e.rehearsal(ctx, ev, old)
	if err != nil {
		return run.Rehearsal{}, err
	}
	in, err := e.input(ctx, j, &j.run)
	if err != nil {
		return run.Rehearsal{}, err
	}
	play := &scene{old: old, mocked: map[string]bool{}}
	in.Journal, in.Hold, in.Retries, in.Logger = nil, 0, false, slog.New(slog.DiscardHandler)
	in.Record = pipeline.Recording{Of: run.RecordAll, Limit: e.o.RecordLimit, Scrub: e.o.Scrub}
	in.Trial = &pipeline.Trial{Dry: play.answer, Wait: func(ctx context.Context, _ time.Time) bool { return ctx.Err() == nil }}
	ctx, cancel := context.WithTimeout(ctx, e.o.StepTimeout)
	defer cancel()
	out, failure := j.lane.plan.Run(ctx, in)
	return play.told(j, out, failure, e.o.Scrub)
}

// rehearsal makes the job that the event of a replay would lead to.
func (e *Engine) rehearsal(ctx context.Context, ev event.Event, old run.Run) (job, error) {
	_, object, err := event.Unmarshal(ev.AppendJSON(nil))
	if err != nil {
		return job{}, err
	}
	l, set, err := e.began(ctx, e.plans.Load(), old.Pipeline, ev.Replay.Version)
	if err != nil {
		return job{}, err
	}
	if l == nil { // it went a moment ago
		return job{}, fault.New(fault.PipelineUnknown, "the pipeline %q is not loaded", old.Pipeline)
	}
	j := job{lane: l, set: set, event: ev, object: object}
	if ev.Replay.From {
		if j.run, err = goOn(ev.Replay, old, l.plan); err != nil {
			return j, err
		}
	}
	j.run.EventID, j.run.EventKey, j.run.Pipeline, j.run.Attempt = ev.ID, ev.Key, old.Pipeline, 1
	return j, nil
}

// scene stands in for the world outside. It may be used from many goroutines.
type scene struct {
	old    run.Run
	mu     sync.Mutex
	mocked map[string]bool // by the place of the step
}

func placeOf(index int, path string) string { return fmt.Sprintf("%d%s", index, path) }

// answer gives what the command gave in the old run, at the same place with the same parameters.
func (g *scene) answer(at pipeline.Place, call command.Call) command.Result {
	g.mu.Lock()
	g.mocked[placeOf(at.Index, at.Path)] = true
	g.mu.Unlock()
	given, err := value.AppendJSON(nil, call.Args)
	if err != nil {
		return command.Result{}
	}
	for i := len(g.old.Steps) - 1; i >= 0; i-- {
		s := &g.old.Steps[i]
		if s.Index != at.Index || s.Path != at.Path || s.Command != at.Command || s.Output == nil || s.Status != run.StepDone {
			continue
		}
		var in run.Input
		if json.Unmarshal(s.Input, &in) != nil || !bytes.Equal(in.Params, given) {
			continue
		}
		if v, err := value.Decode(s.Output); err == nil {
			return command.Value(v)
		}
	}
	return command.Result{}
}

func (g *scene) told(j job, out pipeline.Outcome, failure error, scrub func(string) string) (run.Rehearsal, error) {
	r := run.Rehearsal{Version: j.lane.plan.Version(), Status: run.Done, Steps: out.Steps, Mocked: make([]bool, len(out.Steps))}
	for i, s := range out.Steps {
		r.Mocked[i] = g.mocked[placeOf(s.Index, s.Path)]
	}
	if failure != nil {
		r.Status, r.Code, r.Message = run.Dead, string(fault.CodeOf(failure)), scrub(failure.Error())
	}
	body, err := value.AppendJSON(nil, out.Body)
	if err != nil {
		return r, fault.Wrap(fault.ExprType, err, "the final body cannot be shown as JSON")
	}
	r.Body = body
	return r, nil
}
