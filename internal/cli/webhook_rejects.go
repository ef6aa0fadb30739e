package cli

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"
)

func (c *cli) webhookRejectsCommand() *cobra.Command {
	var limit int
	var explain string
	cmd := &cobra.Command{
		Use:   "rejects",
		Short: "List the newest refused requests and why they were refused",
		Long: "List the newest refused requests and why they were refused. Where ingress.keep_rejected keeps them, --explain judges one\n" +
			"once more and looks for the likely cause.",
		Example: "  pi webhook rejects\n  pi webhook rejects --limit 5 -o json\n  pi webhook rejects --explain $TRACE",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if explain != "" {
				return c.explainReject(cmd.Context(), explain)
			}
			rows, err := c.list(cmd.Context(), "rejects", url.Values{}, limit)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("TIME", "time"), field("TRACE ID", "traceId"), field("STATUS", "status"), field("REASON", "reason"),
				field("WEBHOOK", "webhook"), field("PRESET", "preset"), field("REMOTE", "remote"), field("BYTES", "bytes"), field("DETAIL", "detail"),
			}, "no request was refused")
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&explain, "explain", "", "judge the kept request with this `TRACE-ID` once more and tell the likely cause")
	return cmd
}

func (c *cli) explainReject(ctx context.Context, traceID string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	verdict, err := api.get(ctx, "/api/v3/rejects/"+url.PathEscape(traceID)+"/explain", url.Values{})
	if err != nil {
		return err
	}
	return c.show(verdict, "yaml")
}
