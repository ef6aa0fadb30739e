package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) webhookListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the webhooks of the server",
		Example: "  pi webhook list\n  pi webhook list -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			found, err := api.command(cmd.Context(), "webhook.get", nil)
			if err != nil {
				return err
			}
			rows, _ := found.([]any)
			return c.table(rows, []column{
				field("ID", "id"), field("EVENT KEY", "eventKey"),
				{"STATE", webhookState},
				field("PRESET", "verify"),
				{"TOKENS", tokenHints},
				{"LAST USED", lastUsed},
				field("TITLE", "title"), field("DECLARED IN", "declaredIn"),
			}, "there is no webhook")
		},
	}
}

func (c *cli) webhookShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show WEBHOOK",
		Short:   "Show all settings of a webhook",
		Long:    "Show all settings of a webhook, found by its id or one of its tokens. Secrets and tokens are not shown.",
		Example: "  pi webhook show $ID",
		Args:    wants([]string{"WEBHOOK"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := c.webhookCall(cmd.Context(), "webhook.get", map[string]any{"uuid": args[0]})
			if err != nil {
				return err
			}
			return c.show(found, "yaml")
		},
	}
}

// webhookCall runs a command of the server that answers with one webhook.
func (c *cli) webhookCall(ctx context.Context, name string, params map[string]any) (map[string]any, error) {
	api, err := c.client()
	if err != nil {
		return nil, err
	}
	v, err := api.command(ctx, name, params)
	answer, _ := v.(map[string]any)
	return answer, err
}

func webhookState(row map[string]any) string {
	if row["enabled"] == false {
		return "disabled"
	}
	return "enabled"
}

// tokenHints gives the ends of the tokens, which logs name them by.
func tokenHints(row map[string]any) string {
	var out []string
	for _, t := range tokensOf(row) {
		out = append(out, "…"+cellText(t["hint"]))
	}
	return strings.Join(out, " ")
}

func lastUsed(row map[string]any) string {
	last := "never"
	for _, t := range tokensOf(row) {
		if at := cellText(t["lastUsed"]); at != "" && (last == "never" || at > last) {
			last = at
		}
	}
	return last
}

func tokensOf(row map[string]any) []map[string]any {
	list, _ := row["tokens"].([]any)
	var out []map[string]any
	for _, item := range list {
		if t, ok := item.(map[string]any); ok {
			out = append(out, t)
		}
	}
	return out
}
