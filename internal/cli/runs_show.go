package cli

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/value"
)

func (c *cli) runsShowCommand() *cobra.Command {
	return c.runShowing("Show one run: how it ended, its steps, and what can be done", "  pi runs show $EVENT:lead\n  pi runs show $EVENT --payload")
}

// runShowing makes the command that shows one run: it is there as `pi runs show` and as `pi dlq show`.
func (c *cli) runShowing(short, examples string) *cobra.Command {
	var payload bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: short,
		Long: short + ". RUN is EVENT:PIPELINE, or EVENT alone when one pipeline ran for it. The body, the vars\n" +
			"and what engine.record had recorded of the steps are shown with --payload.",
		Example: examples,
		Args:    wants([]string{"RUN"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, path, err := c.runPath(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			query := url.Values{}
			if payload {
				query.Set("payload", "true")
			}
			one, err := api.get(cmd.Context(), path, query)
			if err != nil {
				return err
			}
			if c.output != "" && c.output != "plain" {
				return c.show(one, "yaml")
			}
			return c.showRun(cmd.Context(), api, one)
		},
	}
	cmd.Flags().BoolVar(&payload, "payload", false, "show the body, the vars and the recorded values of the steps")
	return cmd
}

// showRun prints a run for people.
func (c *cli) showRun(ctx context.Context, api *client, r map[string]any) error {
	text := func(name string) string { return cellText(r[name]) }
	name := text("eventId") + ":" + text("pipeline")
	var lines [][]string
	add := func(title, v string) {
		if v != "" && v != "0" {
			lines = append(lines, []string{title, secret.Escape(v)})
		}
	}
	add("run", name)
	add("event", text("eventKey"))
	if event, err := api.get(ctx, "/api/v3/events/"+url.PathEscape(text("eventId")), nil); err == nil {
		fields, _ := event["event"].(map[string]any)
		add("replay of", cellText(fields["replayOf"]))
	}
	add("status", text("status"))
	add("attempt", text("attempt"))
	add("version", text("version"))
	add("identity", text("identity"))
	add("started", text("started"))
	add("ended", text("ended"))
	add("took", took(text("started"), text("ended")))
	add("next attempt", text("nextAt"))
	add("code", text("code"))
	add("reason", text("message"))
	switch closed := text("closed"); closed {
	case "", run.ClosedDropped:
		add("closed", closed)
	default:
		add("closed", "replayed by event "+closed)
	}
	c.align(lines)
	steps, _ := r["steps"].([]any)
	if len(steps) > 0 {
		fmt.Fprintln(c.Stdout)
		c.rows(steps, stepColumns(), true)
	}
	if err := c.showValues(r, steps); err != nil {
		return err
	}
	if next := nextCommands(name, r); len(next) > 0 {
		fmt.Fprintln(c.Stdout, "\nnext:")
		for i := range next {
			next[i][0] = "  " + next[i][0]
		}
		c.align(next)
	}
	return nil
}

func took(started, ended string) string {
	from, err1 := time.Parse(time.RFC3339Nano, started)
	to, err2 := time.Parse(time.RFC3339Nano, ended)
	if err1 != nil || err2 != nil {
		return ""
	}
	return to.Sub(from).Round(time.Microsecond).String()
}

func stepColumns() []column {
	return []column{
		{"STEP", func(row map[string]any) string {
			if n, ok := row["index"].(int); ok {
				return fmt.Sprintf("%d%s", n+1, cellText(row["path"]))
			}
			return ""
		}},
		field("ID", "id"), field("COMMAND", "command"),
		{"STATUS", func(row map[string]any) string {
			if row["mocked"] == true {
				return cellText(row["status"]) + " (not called)"
			}
			return cellText(row["status"])
		}},
		field("TRIES", "attempt"),
		{"TOOK", func(row map[string]any) string {
			n, _ := row["duration"].(int)
			return time.Duration(n).Round(time.Microsecond).String()
		}},
		{"FAILURE", failure},
	}
}

// showValues prints the values of a run that were asked for.
func (c *cli) showValues(r map[string]any, steps []any) error {
	shown := map[string]any{}
	for _, name := range []string{"body", "vars"} {
		if v, given := r[name]; given {
			shown[name] = v
		}
	}
	var values []any
	for _, s := range steps {
		fields, _ := s.(map[string]any)
		if fields["input"] == nil && fields["output"] == nil {
			continue
		}
		one := map[string]any{"command": fields["command"]}
		if n, ok := fields["index"].(int); ok {
			one["step"] = fmt.Sprintf("%d%s", n+1, cellText(fields["path"]))
		}
		for _, name := range []string{"input", "output"} {
			if v, given := fields[name]; given {
				one[name] = v
			}
		}
		values = append(values, one)
	}
	if values != nil {
		shown["steps"] = values
	}
	if len(shown) == 0 {
		return nil
	}
	fmt.Fprintln(c.Stdout)
	text, err := yamlText(shown)
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(text)
	return err
}

// nextCommands lists what can be done with a run, and what that does.
func nextCommands(name string, r map[string]any) [][]string {
	status, closed := run.Status(cellText(r["status"])), cellText(r["closed"])
	switch {
	case !status.Final():
		return [][]string{{"pi runs follow " + name, "watch it"}, {"pi runs cancel " + name, "end it"}}
	case status == run.Dead && closed == "":
		list := [][]string{
			{"pi dlq replay " + name + " --dry", "see what a replay would do"},
			{"pi dlq replay " + name, "go on at the step that failed"},
			{"pi dlq replay " + name + " --from start", "do all of it again"},
			{"pi dlq drop " + name, "put it aside"},
		}
		if cellText(r["pipeline"]) == parkedPipeline {
			return [][]string{{list[1][0], "hand the event to the pipelines that listen"}, list[3]}
		}
		return list
	case status == run.Dead && closed != run.ClosedDropped:
		return [][]string{{"pi runs show " + closed, "see what its replay did"}}
	}
	return [][]string{{"pi runs replay " + name + " --dry", "see what a replay would do"}, {"pi runs replay " + name, "do it again"}}
}

// showRehearsal prints what a replay would do.
func (c *cli) showRehearsal(r map[string]any) error {
	fmt.Fprintf(c.Stdout, "would be %s, with version %s; nothing was done\n", cellText(r["status"]), cellText(r["version"]))
	if text := failure(r); text != "" {
		fmt.Fprintln(c.Stdout, secret.Escape(text))
	}
	steps, _ := r["steps"].([]any)
	fmt.Fprintln(c.Stdout)
	params := column{"PARAMETERS", func(row map[string]any) string {
		input, _ := row["input"].(map[string]any)
		if input["params"] == nil {
			return ""
		}
		return cellText(input["params"])
	}}
	all := stepColumns()
	c.rows(steps, []column{all[0], all[1], all[2], all[3], params, all[6]}, true)
	text, err := value.AppendJSON([]byte("\nbody: "), r["body"])
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(append(text, '\n'))
	return err
}
