package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

func (c *cli) dlqCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "dlq",
		Short:   "List, replay and drop dead letters",
		Example: "  pi dlq list\n  pi dlq show $EVENT:lead\n  pi dlq replay $EVENT:lead",
		Long: "A run that failed for good is a dead letter until it is replayed or dropped. So is an event that its webhook parked: it has\n" +
			"the pipeline \"" + parkedPipeline + "\", and its replay goes to every pipeline that listens.",
	}
	cmd.AddCommand(c.dlqListCommand(), c.dlqShowCommand(), c.dlqReplayCommand(), c.dlqDropCommand())
	return cmd
}

const parkedPipeline = "(parked)"

func (c *cli) dlqListCommand() *cobra.Command {
	var filter runFilter
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List open dead letters, newest event first",
		Example: "  pi dlq list\n  pi dlq list --pipeline lead --since 24h\n  pi dlq list --code command.failed -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := c.deadLetters(cmd.Context(), filter)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("EVENT", "eventId"), field("PIPELINE", "pipeline"), field("KEY", "eventKey"), field("ATTEMPT", "attempt"),
				field("ENDED", "ended"), {"FAILURE", failure},
			}, "no dead letter was found")
		},
	}
	filter.add(cmd)
	return cmd
}

func (c *cli) deadLetters(ctx context.Context, filter runFilter) ([]any, error) {
	query, err := c.runQuery(filter)
	if err != nil {
		return nil, err
	}
	return c.list(ctx, "dlq", query, filter.limit)
}

func (c *cli) dlqShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show RUN",
		Short:   "Show why a run failed, with its steps and the body where it ended",
		Example: "  pi dlq show $EVENT:lead",
		Args:    wants([]string{"RUN"}, 1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.showRun(cmd.Context(), args[0]) },
	}
}

func (c *cli) dlqReplayCommand() *cobra.Command {
	var filter runFilter
	var all bool
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [RUN]",
		Short: "Replay dead letters, from the step that failed",
		Long: "Replay one dead letter, or those that the filters find, with the pipelines as they are loaded now. Each is replayed once and\n" +
			"is a dead letter no more; see `pi runs replay --help` for what a replay is.",
		Example: "  pi dlq replay $EVENT:lead\n  pi dlq replay --pipeline lead --since 24h",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := c.replayBody(f.body)
			if err != nil {
				return err
			}
			return c.each(cmd, args, filter, all, func(api *client, path string) error {
				return c.replay(cmd.Context(), api, path, f.from, body, true)
			})
		},
	}
	f.add(cmd, run.FromFailed)
	filter.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "those of every pipeline, up to the limit")
	return cmd
}

func (c *cli) dlqDropCommand() *cobra.Command {
	var filter runFilter
	var all bool
	cmd := &cobra.Command{
		Use:     "drop [RUN]",
		Short:   "Put dead letters aside without replaying them",
		Long:    "Put one dead letter aside, or those that the filters find. The runs stay listed by `pi runs` as long as their events are kept.",
		Example: "  pi dlq drop $EVENT:lead\n  pi dlq drop --pipeline lead --code mail.rejected",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.each(cmd, args, filter, all, func(api *client, path string) error {
				if _, err := api.post(cmd.Context(), path+"/drop", nil, nil); err != nil {
					return err
				}
				_, err := fmt.Fprintln(c.Stdout, "dropped")
				return err
			})
		},
	}
	filter.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "those of every pipeline, up to the limit")
	return cmd
}

// each does something with the one dead letter that is named, or with those that the filters find, the
// oldest first. What fails does not keep it from the others.
func (c *cli) each(cmd *cobra.Command, args []string, filter runFilter, all bool, f func(*client, string) error) error {
	filtered := filter.pipeline != "" || filter.eventKey != "" || filter.since != "" || filter.until != "" || filter.code != "" || filter.contains != ""
	switch {
	case len(args) == 1 && (filtered || all):
		return usage(cmd, "name one dead letter, or give filters, not both")
	case len(args) == 0 && !filtered && !all:
		return usage(cmd, "RUN is missing, or a filter, or --all")
	case len(args) == 1:
		api, path, err := c.runPath(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return f(api, path)
	}
	rows, err := c.deadLetters(cmd.Context(), filter)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprintln(c.Stderr, "no dead letter was found")
		return nil
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	var list fault.List
	for i := len(rows) - 1; i >= 0 && cmd.Context().Err() == nil; i-- {
		fields, _ := rows[i].(map[string]any)
		id, pipeline := cellText(fields["eventId"]), cellText(fields["pipeline"])
		err := f(api, runPath(id, pipeline))
		var one *fault.Error
		switch {
		case errors.As(err, &one):
			list = append(list, one)
		case err != nil:
			return err
		}
	}
	return errors.Join(cmd.Context().Err(), list.Err())
}
