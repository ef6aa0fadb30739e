package builtin

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

func jobName(summary string) []command.Param {
	return []command.Param{{Name: "pipeline", Type: command.TypeText, Required: true, Aliases: []string{"pipelineKey"}, Summary: summary}}
}

func jobList(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "job.list",
			Summary: "Lists the pipelines that start at certain times.",
			Result:  "A list of maps: pipeline, schedule, cron, timeZone, missed, overlap, jitter, next, last, running.",
			Examples: []command.Example{
				{
					Title:    "when each is due",
					Pipeline: "pipeline:\n  - job.list\n  - set: ${body.![pipeline + ' ' + next]}\n",
					Want:     `["clean.up 2026-01-03T02:17:00Z","report 2026-01-05T06:30:00+01:00"]`,
				},
				{
					Title:    "how many",
					Pipeline: "pipeline:\n  - job.list: {output: vars.jobs}\n  - set: ${vars.jobs.size()}\n",
					Want:     `2`,
				},
			},
		},
		Command: command.Func(func(ctx context.Context, _ command.Call) (command.Result, error) {
			jobs, err := jobsOf(ctx, d)
			if err != nil {
				return command.Result{}, err
			}
			list := make([]any, len(jobs))
			for i, j := range jobs {
				list[i] = shownJob(j)
			}
			return command.Value(list), nil
		}),
	}
}

func jobStatus(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "job.status",
			Summary:   "Tells when a job is due and whether its run goes on.",
			Params:    jobName("Name of the pipeline."),
			Shorthand: "pipeline",
			Result:    "The map of job.list for this pipeline.",
			Examples: []command.Example{
				{
					Title:    "the schedule",
					Pipeline: "pipeline:\n  - job.status: report\n  - set: ${body.schedule} ${body.timeZone}\n",
					Want:     `"30 6 * * MON-FRI Europe/Berlin"`,
				},
				{
					Title:    "a pipeline that is no job",
					Pipeline: "pipeline:\n  - job.status: reprot\n",
					WantCode: "job.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			jobs, err := jobsOf(ctx, d)
			if err != nil {
				return command.Result{}, err
			}
			name, _ := call.Args["pipeline"].(string)
			var names []string
			for _, j := range jobs {
				if j.Pipeline == name {
					return command.Value(shownJob(j)), nil
				}
				names = append(names, j.Pipeline)
			}
			return command.Result{}, fault.New(fault.JobUnknown, "there is no job with this name").WithHint("%s", fault.DidYouMean(name, names))
		}),
	}
}

func jobRun(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "job.run",
			Summary:   "Starts a job now, beside its schedule.",
			Params:    jobName("Name of the pipeline."),
			Shorthand: "pipeline",
			Result:    "A map: pipeline, eventId.",
			Effect:    true,
			Examples: []command.Example{
				{
					Title:    "now",
					Pipeline: "pipeline:\n  - job.run: report\n  - set: ${body.pipeline}\n",
					Want:     `"report"`,
				},
				{
					Title:    "a pipeline that is no job",
					Pipeline: "pipeline:\n  - job.run: {pipeline: reprot}\n",
					WantCode: "job.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Jobs == nil {
				return command.Result{}, missing("schedule")
			}
			name, _ := call.Args["pipeline"].(string)
			id, err := d.Jobs.RunJob(ctx, name, call.Event)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(map[string]any{"pipeline": name, "eventId": id}), nil
		}),
	}
}

func jobsOf(ctx context.Context, d Deps) ([]run.Job, error) {
	if d.Jobs == nil {
		return nil, missing("schedule")
	}
	return d.Jobs.Jobs(ctx)
}

func shownJob(j run.Job) map[string]any {
	return map[string]any{
		"pipeline": j.Pipeline, "schedule": j.Schedule, "cron": orNull(j.Cron), "timeZone": j.TimeZone, "missed": j.Missed,
		"overlap": map[bool]string{true: "allow", false: "skip"}[j.Overlap], "jitter": j.Jitter.String(),
		"next": shownTime(j.Next), "last": shownTime(j.Last), "running": j.Running,
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func shownTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339)
}
