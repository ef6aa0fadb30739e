package cli

import "github.com/spf13/cobra"

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
