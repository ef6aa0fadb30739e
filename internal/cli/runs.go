package cli

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

func (c *cli) runsCommand() *cobra.Command {
	var limit int
	var status, pipeline string
	statuses := []string{string(run.Running), string(run.Waiting), string(run.Done), string(run.Dead), string(run.Cancelled)}
	cmd := &cobra.Command{
		Use:     "runs [EVENT]",
		Short:   "List runs of pipelines, or those of one event",
		Example: "  pi runs\n  pi runs --status dead --pipeline lead\n  pi runs -o json",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{}
			if status != "" && !slices.Contains(statuses, status) {
				e := fault.New(fault.CLIUsage, "the flag \"--status\" has to be one of %s", strings.Join(statuses, ", "))
				return e.WithHint("%s", fault.DidYouMean(status, statuses))
			}
			for name, v := range map[string]string{"status": status, "pipeline": pipeline, "event": strings.Join(args, "")} {
				if v != "" {
					query.Set(name, v)
				}
			}
			rows, err := c.list(cmd.Context(), "runs", query, limit)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("EVENT", "eventId"), field("PIPELINE", "pipeline"), field("STATUS", "status"), field("ATTEMPT", "attempt"),
				field("STARTED", "started"), field("ENDED", "ended"),
				{"FAILURE", failure},
			}, "no run was found")
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only runs with this `STATUS`: "+strings.Join(statuses, ", "))
	cmd.Flags().StringVar(&pipeline, "pipeline", "", "only runs of this `PIPELINE`")
	limitFlag(cmd, &limit)
	return cmd
}

func failure(row map[string]any) string {
	code, message := cellText(row["code"]), cellText(row["message"])
	if code == "" || message == "" {
		return code + message
	}
	return code + ": " + message
}
