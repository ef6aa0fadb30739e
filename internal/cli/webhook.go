package cli

import (
	"net/url"

	"github.com/spf13/cobra"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Look at refused requests, try out signatures",
		Long: "Webhooks are made, listed and deleted with `pi command webhook.put`, webhook.get and webhook.delete.\n" +
			"The commands here help when a sender is refused.",
		Example: "  pi webhook rejects",
	}
	cmd.AddCommand(c.webhookPresetsCommand(), c.webhookVerifyCommand(), c.webhookRejectsCommand())
	return cmd
}

func (c *cli) webhookRejectsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "rejects",
		Short:   "List the newest refused requests and why they were refused",
		Example: "  pi webhook rejects\n  pi webhook rejects --limit 5 -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := c.list(cmd.Context(), "rejects", url.Values{}, limit)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("TIME", "time"), field("STATUS", "status"), field("REASON", "reason"), field("WEBHOOK", "webhook"),
				field("REMOTE", "remote"), field("BYTES", "bytes"), field("DETAIL", "detail"),
			}, "no request was refused")
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}
