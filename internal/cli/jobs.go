package cli

import (
	"github.com/spf13/cobra"
)

func (c *cli) jobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "jobs",
		Short:   "List pipelines that start at certain times, and start one now",
		Example: "  pi jobs list\n  pi jobs run report.daily",
	}
	cmd.AddCommand(c.jobsListCommand(), c.jobsRunCommand())
	return cmd
}

func (c *cli) jobsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the pipelines that begin with job, and when they are due",
		Example: "  pi jobs list\n  pi jobs list -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			listed, err := api.command(cmd.Context(), "job.list", nil)
			if err != nil {
				return err
			}
			rows, _ := listed.([]any)
			return c.table(rows, []column{
				field("PIPELINE", "pipeline"), field("SCHEDULE", "schedule"), field("TIME ZONE", "timeZone"), field("NEXT", "next"),
				field("LAST", "last"), field("MISSED", "missed"),
				{"STATE", jobState},
			}, "no pipeline begins with job")
		},
	}
}

func jobState(row map[string]any) string {
	if row["running"] == true {
		return "running"
	}
	return ""
}

func (c *cli) jobsRunCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "run PIPELINE",
		Short:   "Start a job now, beside its schedule",
		Long:    "Start a job now, beside its schedule, and print the id of its event: `pi runs ID` shows what came of it.",
		Example: "  pi jobs run report.daily\n  pi jobs run report.daily -o json",
		Args:    wants([]string{"PIPELINE"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			started, err := api.command(cmd.Context(), "job.run", map[string]any{"pipeline": args[0]})
			if err != nil {
				return err
			}
			return c.show(started, "yaml")
		},
	}
}
