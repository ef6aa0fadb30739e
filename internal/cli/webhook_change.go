package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (c *cli) webhookDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "delete WEBHOOK",
		Short:   "Delete a webhook",
		Long:    "Delete a webhook, found by its id or one of its tokens. Events and runs that it made stay.",
		Example: "  pi webhook delete $ID",
		Args:    wants([]string{"WEBHOOK"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := map[string]any{"uuid": args[0]}
			found, err := c.webhookCall(cmd.Context(), "webhook.get", ref) // the command itself takes an unknown one for deleted
			if err != nil {
				return err
			}
			if _, err := c.webhookCall(cmd.Context(), "webhook.delete", ref); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Stdout, "deleted: %s (%s)\n", c.clean(cellText(found["id"])), c.clean(cellText(found["eventKey"])))
			return err
		},
	}
}

func (c *cli) webhookRotateCommand() *cobra.Command {
	var grace string
	cmd := &cobra.Command{
		Use:   "rotate WEBHOOK",
		Short: "Give a webhook a new token",
		Long: "Give a webhook a new token and show it, this once. The token before works until the end of --grace, so that senders\n" +
			"can be changed without a refused call; an older one ends now.",
		Example: "  pi webhook rotate $ID\n  pi webhook rotate $ID --grace 1h",
		Args:    wants([]string{"WEBHOOK"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			stored, err := c.webhookCall(cmd.Context(), "webhook.rotate", map[string]any{"uuid": args[0], "grace": grace})
			if err != nil {
				return err
			}
			if c.output != "" && c.output != "plain" {
				return c.show(stored, "yaml")
			}
			_, err = fmt.Fprintf(c.Stdout, "id: %s\nuuid: %s\nwebhookUrl: %s\n", c.clean(cellText(stored["id"])),
				cellText(stored["uuid"]), cellText(stored["webhookUrl"]))
			return err
		},
	}
	cmd.Flags().StringVar(&grace, "grace", "24h", "how long the token before still works: a `DURATION`, or 0 to end it now")
	return cmd
}

// webhookEnableCommand is enable or disable.
func (c *cli) webhookEnableCommand(on bool) *cobra.Command {
	name, short := "enable", "Open a webhook that was disabled"
	if !on {
		name, short = "disable", "Shut a webhook: calls are refused as if its token were unknown"
	}
	return &cobra.Command{
		Use:     name + " WEBHOOK",
		Short:   short,
		Example: "  pi webhook " + name + " $ID",
		Args:    wants([]string{"WEBHOOK"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			stored, err := c.webhookCall(cmd.Context(), "webhook."+name, map[string]any{"uuid": args[0]})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Stdout, "%s: %s (%s)\n", webhookState(stored), c.clean(cellText(stored["id"])), c.clean(cellText(stored["eventKey"])))
			return err
		},
	}
}
