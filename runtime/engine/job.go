package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/trigger"
	"github.com/penstock/penstock/runtime/value"
)

// Jobs have one timer together. When a job is next due is in the store. A job fires by accepting an event whose id
// follows from the pipeline and the time that it is due at, and then moves on in the store: a crash between the two, or
// another process, makes the same event, which is accepted once.

const (
	// longestNap is the longest time between two looks at the clock, which may be set to another time.
	longestNap = 10 * time.Second
	// lateAfter is how late a job may fire without being missed.
	lateAfter = time.Minute
)

// schedule is the timer's state.
type schedule struct {
	changed chan struct{} // capacity 1: other pipelines were loaded
}

func newSchedule() *schedule {
	s := &schedule{changed: make(chan struct{}, 1)}
	s.reloaded()
	return s
}

func (s *schedule) reloaded() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// jobLoop fires jobs.
func (e *Engine) jobLoop(ctx context.Context) {
	timer := time.NewTimer(longestNap)
	defer timer.Stop()
	loaded := false // since the last look that went well
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.schedule.changed:
			loaded = true
		}
		if !e.mayRepeat() {
			timer.Reset(e.o.Poll)
			continue
		}
		nap, err := e.fireDue(ctx, loaded)
		if err == nil {
			loaded = false
		} else {
			nap = longestNap / 2
			if ctx.Err() == nil {
				e.log.Error("firing jobs; it is tried again", "code", fault.CodeOf(err), "error", err)
			}
		}
		timer.Reset(min(max(nap, time.Millisecond), longestNap))
	}
}

// fireDue fires what is due and gives the time until the next one. After other pipelines were loaded, the times of jobs
// that are gone are forgotten.
func (e *Engine) fireDue(ctx context.Context, loaded bool) (time.Duration, error) {
	jobs := e.plans.Load().jobs
	if len(jobs) == 0 && !loaded {
		return longestNap, nil
	}
	kept, err := e.schedules(ctx)
	if err != nil {
		return 0, err
	}
	nap := longestNap
	var errs []error
	for _, l := range jobs {
		name := l.plan.Name()
		s, known := kept[name]
		delete(kept, name)
		next, err := e.tend(ctx, l, s, known)
		errs = append(errs, err)
		nap = min(nap, next.Sub(e.o.Now()))
	}
	if loaded {
		for name := range kept {
			errs = append(errs, e.store.DeleteSchedule(ctx, name))
		}
	}
	return nap, errors.Join(errs...)
}

func (e *Engine) schedules(ctx context.Context) (map[string]store.Schedule, error) {
	list, err := e.store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]store.Schedule, len(list))
	for _, s := range list {
		kept[s.Name] = s
	}
	return kept, nil
}

// tend brings one job up to date and gives the time at which to look again.
func (e *Engine) tend(ctx context.Context, l *lane, s store.Schedule, known bool) (time.Time, error) {
	t, now := l.plan.Trigger().Timing, e.o.Now()
	next := t.Schedule.Next(now)
	spec := t.Schedule.Zone().String() + " " + t.Schedule.String()
	switch {
	case !known:
		_, err := e.store.MoveSchedule(ctx, store.Schedule{Name: l.plan.Name(), Spec: spec, Next: next}, time.Time{})
		return next, err
	case s.Spec != spec, s.Next.After(now) && !s.Next.Equal(next): // another schedule, or a clock that was put back
		was := s.Next
		s.Spec, s.Next = spec, next
		_, err := e.store.MoveSchedule(ctx, s, was)
		return next, err
	}
	if begin := s.Next.Add(jitter(l, s.Next)); begin.After(now) {
		return begin, nil
	}
	return e.fire(ctx, l, s)
}

// jitter is how much later than due a job begins: always the same for one time.
func jitter(l *lane, due time.Time) time.Duration {
	most := l.plan.Trigger().Timing.Jitter
	if most <= 0 {
		return 0
	}
	return time.Duration(event.Chance(due, "jitter", l.plan.Name()) * float64(most))
}

// fire fires a job that is due, as its policies say, and gives the time at which to look again.
func (e *Engine) fire(ctx context.Context, l *lane, s store.Schedule) (time.Time, error) {
	t, now := l.plan.Trigger().Timing, e.o.Now()
	due := e.dueTimes(l, s.Next, now)
	busy, err := e.firedStill(ctx, l, s.Last)
	if err != nil {
		return now, err
	}
	was, last := s.Next, due[len(due)-1]
	for i, at := range due {
		late, newest := now.Sub(at.Add(jitter(l, at))) > lateAfter, i == len(due)-1
		switch {
		case late && t.Missed == trigger.MissedSkip, !newest && t.Missed == trigger.MissedOnce:
			continue
		case busy && !t.Overlap && late && t.Missed == trigger.MissedAll: // its turn comes when that run is over
			return now.Add(e.o.Poll), nil
		case busy && !t.Overlap:
			e.log.Warn("a job is due while its run of the time before goes on; it is left out", "pipeline", l.plan.Name(), "due", at)
			continue
		}
		if err := e.emitJob(ctx, l, at, late); err != nil {
			return now, err
		}
		s.Last = at
		if busy = true; !t.Overlap && t.Missed == trigger.MissedAll {
			last = at // one at a time
			break
		}
	}
	s.Next = t.Schedule.Next(last)
	_, err = e.store.MoveSchedule(ctx, s, was) // whoever is faster moves it to the same time
	return s.Next.Add(jitter(l, s.Next)), err
}

// dueTimes lists the times from first on that have come, the latest Options.MaxMissed of them.
func (e *Engine) dueTimes(l *lane, first, now time.Time) []time.Time {
	s := l.plan.Trigger().Timing.Schedule
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, now.Sub(first) + time.Second} {
		from := first
		if begin := now.Add(-back); begin.After(first) {
			from = s.Next(begin)
		}
		var due []time.Time
		for at := from; !at.Add(jitter(l, at)).After(now); at = s.Next(at) {
			due = append(due, at)
		}
		switch over := len(due) - e.o.MaxMissed; {
		case over >= 0 && !from.Equal(first) || over > 0:
			if l.plan.Trigger().Timing.Missed == trigger.MissedAll {
				e.log.Warn("a job missed more times than are made up for", "pipeline", l.plan.Name(), "since", first, "kept", e.o.MaxMissed)
			}
			return slices.Clip(due[max(over, 0):])
		case from.Equal(first) && len(due) > 0:
			return due
		}
	}
	return []time.Time{first}
}

// firedStill reports whether the run of an earlier time is not over.
func (e *Engine) firedStill(ctx context.Context, l *lane, at time.Time) (bool, error) {
	if at.IsZero() {
		return false, nil
	}
	id := firedID(l.plan.Name(), at)
	ev, err := e.store.Event(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case !ev.Settled.IsZero():
		return false, nil
	}
	r, err := e.store.Run(ctx, id, l.plan.Name())
	if errors.Is(err, store.ErrNotFound) { // it has not begun
		return true, nil
	}
	return err == nil && !r.Status.Final(), err
}

func firedID(name string, at time.Time) string { return event.DerivedID(at.UTC(), "job", name) }

// emitJob accepts the event for one time of a job.
func (e *Engine) emitJob(ctx context.Context, l *lane, at time.Time, late bool) error {
	ev := event.New(trigger.JobPrefix+l.plan.Name(), e.o.Now())
	ev.ID = firedID(l.plan.Name(), at)
	ev.TraceID, ev.CorrelationID = ev.ID, ev.ID
	_, err := e.accept(ctx, l, ev, at, late, false)
	return err
}

func (e *Engine) accept(ctx context.Context, l *lane, ev event.Event, at time.Time, late, manual bool) (event.Accepted, error) {
	s := l.plan.Trigger().Timing.Schedule
	var err error
	if ev.Payload, err = value.AppendJSON(nil, map[string]any{
		"pipeline": l.plan.Name(), "schedule": s.String(), "due": at.In(s.Zone()).Format(time.RFC3339), "missed": late, "manual": manual,
	}); err != nil {
		return event.Accepted{}, fault.Wrap(fault.Internal, err, "encoding the event of a job")
	}
	ev.Namespace = e.o.Namespace
	return e.emitter.Emit(ctx, ev, event.Dedupe{})
}

// Jobs lists the jobs that are loaded, by name.
func (e *Engine) Jobs(ctx context.Context) ([]run.Job, error) {
	kept, err := e.schedules(ctx)
	if err != nil {
		return nil, err
	}
	jobs := e.plans.Load().jobs
	out := make([]run.Job, len(jobs))
	for i, l := range jobs {
		t, s := l.plan.Trigger().Timing, kept[l.plan.Name()]
		out[i] = run.Job{
			Pipeline: l.plan.Name(), Schedule: t.Schedule.String(), Cron: t.Schedule.Cron(), TimeZone: t.Schedule.Zone().String(),
			Missed: string(t.Missed), Overlap: t.Overlap, Jitter: t.Jitter,
		}
		if !s.Next.IsZero() {
			out[i].Next = s.Next.In(t.Schedule.Zone())
		}
		if !s.Last.IsZero() {
			out[i].Last = s.Last.In(t.Schedule.Zone())
		}
		if out[i].Running, err = e.firedStill(ctx, l, s.Last); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RunJob fires a job now, beside its schedule, and gives the id of its event, which follows from cause. The error carries
// fault.JobUnknown, fault.EventHops, or is the store's.
func (e *Engine) RunJob(ctx context.Context, name string, cause event.Event) (string, error) {
	var names []string
	for _, l := range e.plans.Load().jobs {
		if l.plan.Name() != name {
			names = append(names, l.plan.Name())
			continue
		}
		now := e.o.Now()
		ev := event.New(trigger.JobPrefix+name, now)
		if ev.Hops = cause.Hops + 1; cause.TraceID != "" {
			ev.TraceID = cause.TraceID
		}
		accepted, err := e.accept(ctx, l, ev, now, false, true)
		return accepted.EventID, err
	}
	return "", fault.New(fault.JobUnknown, "there is no job with this name").WithHint("%s", fault.DidYouMean(name, names))
}
