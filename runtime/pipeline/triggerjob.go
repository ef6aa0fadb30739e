package pipeline

import (
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

// longestJitter keeps a job near the time at which it is due.
const longestJitter = 24 * time.Hour

// job compiles when a job is due.
func (c *compiler) job(t *trigger.Trigger, p *params) {
	t.Pattern = trigger.JobPrefix + c.plan.name
	t.Timing = &trigger.Timing{}
	if err := event.CheckKey(t.Pattern); err != nil {
		c.faults.add(fault.PipelineTrigger, p.at.line, p.at.col, "the job of %q cannot fire: its event would have no usable key", short(c.plan.name)).
			hint("rename the file")
	}
	if n, k, given := p.node.get("jitter"); given {
		if ms, isNumber := c.literal(p, "jitter").(int); isNumber {
			t.Timing.Jitter = time.Duration(ms) * time.Millisecond
		}
		if t.Timing.Jitter > longestJitter {
			c.faults.add(fault.CommandType, n.line, n.col, "parameter %q is %s at most", k.name, longestJitter)
		}
	}
	missed, _ := c.literal(p, "missed").(string)
	overlap, _ := c.literal(p, "overlap").(string)
	t.Timing.Missed, t.Timing.Overlap = trigger.Missed(missed), overlap == "allow"

	n, given := p.get("schedule")
	if !given || n.isNull() {
		c.faults.add(fault.CommandMissing, p.at.line, p.at.col, "job: parameter %q is missing", "schedule").
			hint("write one of HOURLY, DAILY, EVERY_5_MIN, or a cron expression in quotes")
		return
	}
	text, isText := c.literal(p, "schedule").(string)
	zone, place := c.deps.TimeZone, n
	if z, given := p.get("timeZone"); given && !z.isNull() {
		zone, _ = c.literal(p, "timeZone").(string)
		if _, err := trigger.ParseZone(zone); err != nil {
			place = z
		}
	}
	if !isText {
		return
	}
	s, err := trigger.ParseSchedule(text, zone, c.plan.name)
	if err != nil {
		c.faults.addErr(err, place.line, place.col)
		return
	}
	if s.Deprecated != "" {
		c.warnings.add(fault.PipelineDeprecated, n.line, n.col, "%s", s.Deprecated)
	}
	t.Timing.Schedule = s
}

func jobSpec() command.Spec {
	return command.Spec{
		Name:    "job",
		Summary: "Starts the pipeline at certain times.",
		Params: []command.Param{
			{Name: "schedule", Type: command.TypeText, Required: true, Literal: true, Summary: "When it is due: EVERY_1_MIN, EVERY_5_MIN, EVERY_15_MIN, EVERY_30_MIN, EVERY_45_MIN; HOURLY, at a minute that follows from the pipeline's name; DAILY, WEEKLY or MONTHLY, at such a time between 2 and 4 in the night; a cron expression with five fields; or a word such as @daily."},
			{Name: "timeZone", Type: command.TypeText, Literal: true, Summary: "Zone in which the schedule is read, such as Europe/Berlin; default is jobs.time_zone of the configuration."},
			{Name: "missed", Type: command.TypeText, Literal: true, Default: string(trigger.MissedOnce), Enum: []string{string(trigger.MissedSkip), string(trigger.MissedOnce), string(trigger.MissedAll)}, Summary: "What becomes of times at which no server ran: nothing, one run for all of them, or a run for each (the latest jobs.max_missed of them)."},
			{Name: "overlap", Type: command.TypeText, Literal: true, Default: "skip", Enum: []string{"skip", "allow"}, Summary: "Whether the job starts while its run of the time before goes on or waits."},
			{Name: "jitter", Type: command.TypeDuration, Literal: true, Summary: "The run begins up to so much later, by a time that differs from case to case."},
		},
		Shorthand: "schedule",
		Result:    "The section body of the file. The event job.NAME that the job fires is in event; event.payload.due is the time that it is for.",
		Examples: []command.Example{
			{
				Title:    "every day, at a time of its own in the night",
				Pipeline: "pipeline:\n  - job: DAILY\n  - set: cleaned up\n",
				Want:     `"cleaned up"`,
			},
			{
				Title:    "on working days at half past six in Berlin",
				Pipeline: "pipeline:\n  - job:\n      schedule: 30 6 * * MON-FRI\n      timeZone: Europe/Berlin\n      missed: skip\n  - set: good morning\n",
				Want:     `"good morning"`,
			},
			{
				Title:    "a day that never comes",
				Pipeline: "pipeline:\n  - job: 0 0 31 2 *\n  - set: never\n",
				WantCode: "schedule.invalid",
			},
		},
	}
}
