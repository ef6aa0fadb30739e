package cli

import (
	"net/url"

	"github.com/spf13/cobra"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Make and change webhooks, look at refused requests, try out signatures",
		Long: "Make, show and change the webhooks of the running server, and find out why a sender is refused. Webhooks may also be\n" +
			"declared in files: see webhooks.dir in the configuration.",
		Example: "  pi webhook list\n  pi webhook rejects",
	}
	cmd.AddCommand(
		c.webhookListCommand(), c.webhookShowCommand(), c.webhookPutCommand(), c.webhookDeleteCommand(), c.webhookRotateCommand(),
		c.webhookEnableCommand(true), c.webhookEnableCommand(false), c.webhookTestCommand(),
	)
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
