package cli

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

func (c *cli) runsFollowCommand() *cobra.Command {
	var pipeline, eventKey string
	cmd := &cobra.Command{
		Use:   "follow [RUN]",
		Short: "Show what happens to runs while it happens",
		Long: "Show every attempt, every record in the middle and the end of runs while they happen. RUN is EVENT:PIPELINE, or EVENT for\n" +
			"all runs of one event: then it ends when they are over, with the exit code of the failure if one failed. Without RUN\n" +
			"it goes on until you interrupt it.",
		Example: "  pi runs follow $EVENT:lead\n  pi runs follow $EVENT\n  pi runs follow $EVENT:lead -o json",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			f := &follower{c: c, api: api, filter: url.Values{}, shown: map[string]string{}}
			if len(args) == 1 && (pipeline != "" || eventKey != "") {
				return usage(cmd, "name one run, or give filters, not both")
			}
			for name, v := range map[string]string{"pipeline": pipeline, "eventKey": eventKey} {
				if v != "" {
					f.filter.Set(name, v)
				}
			}
			if len(args) == 1 {
				var named bool
				if f.event, f.pipeline, named = strings.Cut(args[0], ":"); named && f.pipeline == "" {
					return usage(cmd, "a run is EVENT:PIPELINE")
				}
				f.filter.Set("event", f.event)
				if named {
					f.filter.Set("pipeline", f.pipeline)
				}
			}
			if err = f.follow(cmd.Context()); cmd.Context().Err() != nil {
				err = nil // that is how it ends
			}
			return err
		},
	}
	cmd.Flags().StringVar(&pipeline, "pipeline", "", "only runs of this `PIPELINE`")
	cmd.Flags().StringVar(&eventKey, "event-key", "", "only runs for events with this `KEY`")
	return cmd
}

// follower shows news of runs.
type follower struct {
	c               *cli
	api             *client
	filter          url.Values
	event, pipeline string            // what is named; empty = all
	shown           map[string]string // how each run was shown last
	titled          bool
	failed          string // code of a run that failed
}

// follow shows what is known and then what the server tells, until what is named is over.
func (f *follower) follow(ctx context.Context) error {
	answer, err := f.api.get(ctx, "/api/v3/runs/updates", nil)
	if err != nil {
		return err
	}
	next := cellText(answer["next"])
	if err := f.present(ctx); err != nil {
		return err
	}
	near := false
	for look := true; ; {
		if look {
			var over bool
			if over, near, err = f.over(ctx); over || err != nil {
				return err
			}
		}
		query := url.Values{"after": {next}}
		for name := range f.filter {
			query.Set(name, f.filter.Get(name))
		}
		if near {
			query.Set("wait", "200ms")
		}
		if answer, err = f.api.get(ctx, "/api/v3/runs/updates", query); err != nil {
			return err
		}
		next = cellText(answer["next"])
		if answer["missed"] == true {
			if err := f.present(ctx); err != nil {
				return err
			}
			look = true
			continue
		}
		var rows []any
		updates, _ := answer["updates"].([]any)
		look = len(updates) == 0
		for _, u := range updates {
			update, _ := u.(map[string]any)
			fields, _ := update["run"].(map[string]any)
			fields["time"], fields["step"] = update["time"], update["step"]
			look = look || run.Status(cellText(fields["status"])).Final()
			rows = append(rows, fields)
		}
		if err := f.show(rows); err != nil {
			return err
		}
	}
}

// present shows the runs as the store has them, the oldest first.
func (f *follower) present(ctx context.Context) error {
	query := url.Values{"limit": {"20"}}
	for name := range f.filter {
		query.Set(name, f.filter.Get(name))
	}
	answer, err := f.api.get(ctx, "/api/v3/runs", query)
	if err != nil {
		return err
	}
	rows, _ := answer["runs"].([]any)
	slices.Reverse(rows)
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		if fields["time"] = fields["ended"]; fields["time"] == nil {
			fields["time"] = fields["started"]
		}
		delete(fields, "steps")
	}
	return f.show(rows)
}

// over reports whether everything that is named has ended; near that it is about to.
func (f *follower) over(ctx context.Context) (over, near bool, err error) {
	if f.event == "" {
		return false, false, nil
	}
	if f.pipeline != "" {
		status, _, _ := strings.Cut(f.shown[f.event+":"+f.pipeline], " ")
		if run.Status(status).Final() {
			return true, false, f.end()
		}
		if status != "" {
			return false, false, nil
		}
	}
	event, err := f.api.get(ctx, "/api/v3/events/"+url.PathEscape(f.event), nil)
	switch {
	case err != nil && f.pipeline == "":
		return false, false, err
	case err != nil || event["settled"] != nil && f.pipeline != "":
		return false, false, fault.New(fault.RunUnknown, "there is no run %s:%s", f.event, f.pipeline)
	case event["settled"] != nil:
		return true, false, f.end()
	}
	for _, last := range f.shown {
		status, _, _ := strings.Cut(last, " ")
		near = near || run.Status(status).Final()
	}
	return false, near, nil
}

func (f *follower) end() error {
	if f.failed == "" {
		return nil
	}
	return exitError(max(1, int(fault.InfoOf(fault.Code(f.failed)).Kind)))
}

// show prints what changed: as columns, or a line of JSON each.
func (f *follower) show(rows []any) error {
	var news []any
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		id := cellText(fields["eventId"]) + ":" + cellText(fields["pipeline"])
		now := strings.Join([]string{cellText(fields["status"]), cellText(fields["attempt"]), cellText(fields["step"])}, " ")
		if f.shown[id] == now {
			continue
		}
		f.shown[id] = now
		if status := run.Status(cellText(fields["status"])); status == run.Dead || status == run.Cancelled {
			f.failed = cellText(fields["code"])
		}
		if f.event == "" && len(f.shown) > 10_000 {
			clear(f.shown) // it only spares doubles
		}
		news = append(news, row)
	}
	if len(news) == 0 {
		return nil
	}
	if f.c.output != "" && f.c.output != "plain" {
		for _, row := range news {
			text, err := value.AppendJSON(nil, row)
			if err != nil {
				return err
			}
			if _, err := f.c.Stdout.Write(append(text, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
	f.c.rows(news, []column{
		field("TIME", "time"), field("EVENT", "eventId"), field("PIPELINE", "pipeline"), field("STATUS", "status"),
		field("ATTEMPT", "attempt"), field("STEP", "step"),
		{"FAILURE", failure},
	}, !f.titled)
	f.titled = true
	return nil
}
