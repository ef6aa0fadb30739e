package cli

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/value"
)

const followEvery = 500 * time.Millisecond

// follow shows runs and then every change of one, oldest first, until ctx ends. A change that is
// overtaken by another one between two looks is not shown.
func (c *cli) follow(ctx context.Context, query url.Values, limit int) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	shown := map[string]string{} // by run, how it was shown last
	columns := runColumns()
	for first := true; ; first = false {
		rows, err := c.list(ctx, "runs", query, limit)
		if ctx.Err() != nil {
			return nil // that is how it ends
		}
		if err != nil {
			return err
		}
		present := map[string]string{}
		var changed []any
		for _, row := range rows {
			fields, _ := row.(map[string]any)
			id := cellText(fields["eventId"]) + ":" + cellText(fields["pipeline"])
			present[id] = cellText(fields["status"]) + cellText(fields["attempt"])
			if shown[id] != present[id] {
				changed = append(changed, row)
			}
		}
		slices.Reverse(changed)
		if err := c.showChanges(changed, columns, first); err != nil {
			return err
		}
		shown = present
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// showChanges prints rows of a table that goes on: as columns, or a line of JSON each.
func (c *cli) showChanges(rows []any, columns []column, first bool) error {
	if c.output != "" && c.output != "plain" {
		for _, row := range rows {
			text, err := value.AppendJSON(nil, row)
			if err != nil {
				return err
			}
			if _, err := c.Stdout.Write(append(text, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
	c.rows(rows, columns, first)
	return nil
}
