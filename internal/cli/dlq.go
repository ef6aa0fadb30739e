package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

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
			return c.table(rows, dlqColumns(), "no dead letter was found")
		},
	}
	filter.add(cmd, 50)
	return cmd
}

func dlqColumns() []column {
	return []column{
		field("EVENT", "eventId"), field("PIPELINE", "pipeline"), field("KEY", "eventKey"), field("ATTEMPT", "attempt"),
		field("ENDED", "ended"),
		{"FAILURE", failure},
	}
}

func (c *cli) deadLetters(ctx context.Context, filter runFilter) ([]any, error) {
	query, err := c.runQuery(filter)
	if err != nil {
		return nil, err
	}
	return c.list(ctx, "dlq", query, filter.limit)
}

func (c *cli) dlqShowCommand() *cobra.Command {
	return c.runShowing("Show why a run failed, with its steps and what can be done", "  pi dlq show $EVENT:lead\n  pi dlq show $EVENT:lead --payload")
}

func (c *cli) dlqReplayCommand() *cobra.Command {
	var many dlqMany
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [RUN]",
		Short: "Replay dead letters, from the step that failed",
		Long: "Replay one dead letter, or those that the filters find. Each is replayed once and is a dead letter no more.\n" + replayText +
			"\n\nWith filters it says how many there are and does nothing until you add --yes.",
		Example: "  pi dlq replay $EVENT:lead\n  pi dlq replay $EVENT:lead --from start\n  pi dlq replay --pipeline lead --since 24h --dry\n" +
			"  pi dlq replay --pipeline lead --code pipeline.error --rate 50/s --yes",
		Args: wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := c.replayBody(f.body)
			if err != nil {
				return err
			}
			many.harmless = f.dry
			return c.each(cmd, args, &many, "replayed", func(api *client, path string) (map[string]any, error) {
				return c.replay(cmd.Context(), api, path, &f, body, true)
			}, func(answer map[string]any) error { return c.showReplay(answer, f.dry) })
		},
	}
	f.add(cmd, run.FromFailed)
	many.add(cmd)
	return cmd
}

func (c *cli) dlqDropCommand() *cobra.Command {
	var many dlqMany
	cmd := &cobra.Command{
		Use:   "drop [RUN]",
		Short: "Put dead letters aside without replaying them",
		Long: "Put one dead letter aside, or those that the filters find. The runs stay listed by `pi runs` as long as their events are kept.\n" +
			"With filters it says how many there are and does nothing until you add --yes.",
		Example: "  pi dlq drop $EVENT:lead\n  pi dlq drop --pipeline lead --code mail.rejected --yes",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.each(cmd, args, &many, "dropped", func(api *client, path string) (map[string]any, error) {
				return api.post(cmd.Context(), path+"/drop", nil, nil)
			}, func(answer map[string]any) error {
				if c.output != "" && c.output != "plain" {
					return c.show(answer, "yaml")
				}
				_, err := fmt.Fprintln(c.Stdout, "dropped")
				return err
			})
		},
	}
	many.add(cmd)
	return cmd
}

func eventAndPipeline(row any) (eventID, pipeline string) {
	fields, _ := row.(map[string]any)
	return cellText(fields["eventId"]), cellText(fields["pipeline"])
}
