package cli

import (
	"context"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) eventsCommand() *cobra.Command {
	var limit int
	var key string
	cmd := &cobra.Command{
		Use:     "events [ID]",
		Short:   "List accepted events, or show one with its payload and runs",
		Example: "  pi events\n  pi events --key webhook.lead.created --limit 5\n  pi events -o json",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				api, err := c.client()
				if err != nil {
					return err
				}
				one, err := api.get(cmd.Context(), "/api/v3/events/"+url.PathEscape(args[0]), url.Values{"payload": {"true"}})
				if err != nil {
					return err
				}
				return c.show(one, "yaml")
			}
			query := url.Values{}
			if key != "" {
				query.Set("key", key)
			}
			rows, err := c.list(cmd.Context(), "events", query, limit)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("ID", "id"), field("TIME", "time"), field("KEY", "eventKey"), {"SETTLED", settled},
			}, "no event was accepted yet")
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "only events with this `KEY`")
	limitFlag(cmd, &limit)
	return cmd
}

func settled(row map[string]any) string {
	if t := cellText(row["settled"]); t != "" {
		return t
	}
	return "not yet"
}

func limitFlag(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", 50, "at most this `NUMBER`, the newest")
}

// list asks for rows of one kind.
func (c *cli) list(ctx context.Context, kind string, query url.Values, limit int) ([]any, error) {
	if limit < 1 {
		return nil, fault.New(fault.CLIUsage, "the flag \"--limit\" has to be 1 or more")
	}
	query.Set("limit", strconv.Itoa(limit))
	api, err := c.client()
	if err != nil {
		return nil, err
	}
	answer, err := api.get(ctx, "/api/v3/"+kind, query)
	if err != nil {
		return nil, err
	}
	rows, _ := answer[kind].([]any)
	return rows, nil
}
