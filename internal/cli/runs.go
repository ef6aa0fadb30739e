package cli

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// runFilter is what listings of runs are asked with.
type runFilter struct {
	limit                                            int
	pipeline, eventKey, since, until, code, contains string
}

// add makes the flags; limit is the standard one.
func (f *runFilter) add(cmd *cobra.Command, limit int) {
	flags := cmd.Flags()
	flags.StringVar(&f.pipeline, "pipeline", "", "only runs of this `PIPELINE`")
	flags.StringVar(&f.eventKey, "event-key", "", "only runs for events with this `KEY`")
	flags.StringVar(&f.since, "since", "", "only runs that ended in the last `DURATION` (such as 2h), or after a time of RFC 3339")
	flags.StringVar(&f.until, "until", "", "only runs that ended longer than a `DURATION` ago, or before a time of RFC 3339")
	flags.StringVar(&f.contains, "contains", "", "only runs whose failure has this `TEXT` in its message")
	flags.StringVar(&f.code, "code", "", "only runs that failed with this `CODE`")
	limitFlag(cmd, &f.limit)
	cmd.Flags().Lookup("limit").DefValue, f.limit = strconv.Itoa(limit), limit
}

// filtered reports whether any filter is given.
func (f *runFilter) filtered() bool {
	return f.pipeline != "" || f.eventKey != "" || f.since != "" || f.until != "" || f.code != "" || f.contains != ""
}

// runQuery gives the filters as the API takes them.
func (c *cli) runQuery(f runFilter) (url.Values, error) {
	query := url.Values{}
	for name, v := range map[string]string{"pipeline": f.pipeline, "eventKey": f.eventKey, "code": f.code, "contains": f.contains} {
		if v != "" {
			query.Set(name, v)
		}
	}
	for name, text := range map[string]string{"since": f.since, "until": f.until} {
		if text == "" {
			continue
		}
		at, err := c.moment(name, text)
		if err != nil {
			return nil, err
		}
		query.Set(name, at.UTC().Format(time.RFC3339))
	}
	return query, nil
}

// moment reads a time of the past: how long ago it was, or RFC 3339.
func (c *cli) moment(flag, text string) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return c.Now().Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fault.New(fault.CLIUsage, "the flag %q has to be a duration such as 2h, or a time such as 2026-01-31T08:00:00Z", "--"+flag)
	}
	return at, nil
}

func runColumns() []column {
	return []column{
		field("EVENT", "eventId"), field("PIPELINE", "pipeline"), field("STATUS", "status"), field("ATTEMPT", "attempt"),
		field("STARTED", "started"), field("ENDED", "ended"),
		{"FAILURE", failure},
	}
}

func (c *cli) runsCommand() *cobra.Command {
	cmd := c.runsListing("runs [EVENT]", "  pi runs\n  pi runs --status dead --pipeline lead --since 2h\n  pi runs -o json")
	cmd.AddCommand(
		c.runsListing("list [EVENT]", "  pi runs list\n  pi runs list $EVENT\n  pi runs list --contains 'no boats' --until 1s"),
		c.runsShowCommand(), c.runsFollowCommand(), c.runsCancelCommand(), c.runsReplayCommand(),
	)
	return cmd
}

// runsListing makes the command that lists runs: it is there as `pi runs` and as `pi runs list`.
func (c *cli) runsListing(use, examples string) *cobra.Command {
	var filter runFilter
	var status string
	statuses := []string{string(run.Running), string(run.Waiting), string(run.Done), string(run.Dead), string(run.Cancelled), string(run.Batched)}
	cmd := &cobra.Command{
		Use:     use,
		Short:   "List runs of pipelines, or those of one event",
		Example: examples,
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query, err := c.runQuery(filter)
			if err != nil {
				return err
			}
			if status != "" && !slices.Contains(statuses, status) {
				e := fault.New(fault.CLIUsage, "the flag \"--status\" has to be one of %s", strings.Join(statuses, ", "))
				return e.WithHint("%s", fault.DidYouMean(status, statuses))
			}
			for name, v := range map[string]string{"status": status, "event": strings.Join(args, "")} {
				if v != "" {
					query.Set(name, v)
				}
			}
			rows, err := c.list(cmd.Context(), "runs", query, filter.limit)
			if err != nil {
				return err
			}
			return c.table(rows, runColumns(), "no run was found")
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only runs with this `STATUS`: "+strings.Join(statuses, ", "))
	filter.add(cmd, 50)
	return cmd
}

func failure(row map[string]any) string {
	code, message := cellText(row["code"]), cellText(row["message"])
	if code == "" || message == "" {
		return code + message
	}
	return code + ": " + message
}
