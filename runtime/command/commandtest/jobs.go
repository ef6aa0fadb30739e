package commandtest

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/trigger"
)

// Jobs gives two jobs: clean.up, and report, whose last run goes on.
func (w *world) Jobs(context.Context) ([]run.Job, error) {
	berlin, err := trigger.ParseZone("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	return []run.Job{
		{
			Pipeline: "clean.up", Schedule: "DAILY", Cron: "17 2 * * *", TimeZone: "UTC", Missed: "skip", Overlap: true,
			Next: time.Date(2026, 1, 3, 2, 17, 0, 0, time.UTC),
		},
		{
			Pipeline: "report", Schedule: "30 6 * * MON-FRI", Cron: "30 6 * * MON-FRI", TimeZone: "Europe/Berlin", Missed: "once",
			Jitter: time.Minute, Running: true,
			Next: time.Date(2026, 1, 5, 6, 30, 0, 0, berlin), Last: time.Date(2026, 1, 2, 6, 30, 0, 0, berlin),
		},
	}, nil
}

func (w *world) RunJob(ctx context.Context, name string, cause event.Event) (string, error) {
	if name != "clean.up" && name != "report" {
		return "", fault.New(fault.JobUnknown, "there is no job with this name")
	}
	e := event.New(trigger.JobPrefix+name, Now())
	e.Hops = cause.Hops + 1
	accepted, err := w.emit(ctx, e)
	return accepted.EventID, err
}
