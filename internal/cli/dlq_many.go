package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

// dlqMany says which dead letters are dealt with, when none is named, and how fast.
type dlqMany struct {
	filter   runFilter
	all, yes bool
	rate     string
	harmless bool // nothing is changed: nobody has to say yes
}

func (m *dlqMany) add(cmd *cobra.Command) {
	m.filter.add(cmd, 1000)
	cmd.Flags().BoolVar(&m.all, "all", false, "those of every pipeline, up to the limit")
	cmd.Flags().BoolVar(&m.yes, "yes", false, "do it; without, filters only show what there is")
	cmd.Flags().StringVar(&m.rate, "rate", "", "at most so many: `NUMBER/s`, /m or /h")
}

// pause is the time between two, as --rate says.
func (m *dlqMany) pause() (time.Duration, error) {
	if m.rate == "" {
		return 0, nil
	}
	text, unit, given := strings.Cut(m.rate, "/")
	n, err := strconv.Atoi(text)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if !given {
		per = time.Second
	}
	if err != nil || n < 1 || per == 0 {
		return 0, fault.New(fault.CLIUsage, "the flag \"--rate\" has to be a number per second, minute or hour, such as 50/s")
	}
	return per / time.Duration(n), nil
}

// each does one thing with the named dead letter, or with each that the filters find, the oldest first. did
// says in one word what is done; show prints the answer to one.
func (c *cli) each(cmd *cobra.Command, args []string, m *dlqMany, did string,
	do func(*client, string) (map[string]any, error), show func(map[string]any) error,
) error {
	pause, err := m.pause()
	switch {
	case err != nil:
		return err
	case len(args) == 1 && (m.filter.filtered() || m.all || m.rate != "" || m.yes):
		return usage(cmd, "name one dead letter, or give filters, not both")
	case len(args) == 0 && !m.filter.filtered() && !m.all:
		return usage(cmd, "RUN is missing, or a filter, or --all")
	case len(args) == 1:
		api, path, err := c.runPath(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		answer, err := do(api, path)
		if err != nil {
			return err
		}
		return show(answer)
	}
	rows, err := c.deadLetters(cmd.Context(), m.filter)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprintln(c.Stderr, "no dead letter was found")
		return nil
	}
	more := ""
	if len(rows) == m.filter.limit {
		more = " (there may be more: see --limit)"
	}
	fmt.Fprintf(c.Stderr, "%d %s found%s\n", len(rows), plural(len(rows), "dead letter was", "dead letters were"), more)
	if !m.yes && !m.harmless {
		if err := c.table(rows, dlqColumns(), ""); err != nil {
			return err
		}
		return fault.New(fault.CLIUsage, "nothing was %s", did).WithHint("add --yes to go on")
	}
	return c.all(cmd, rows, pause, did, m.harmless, do, show)
}

// all does it with each of the rows.
func (c *cli) all(cmd *cobra.Command, rows []any, pause time.Duration, did string, harmless bool,
	do func(*client, string) (map[string]any, error), show func(map[string]any) error,
) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	tick := time.NewTicker(max(pause, 1))
	defer tick.Stop()
	var list fault.List
	n := 0
	for i := len(rows) - 1; i >= 0 && cmd.Context().Err() == nil; i-- {
		if pause > 0 && n+len(list) > 0 {
			select {
			case <-tick.C:
			case <-cmd.Context().Done():
				continue
			}
		}
		answer, err := do(api, runPath(eventAndPipeline(rows[i])))
		var one *fault.Error
		switch {
		case errors.As(err, &one):
			id, pipeline := eventAndPipeline(rows[i])
			list = append(list, one.In(id+":"+pipeline))
			continue
		case err != nil:
			return err
		}
		n++
		if err := show(answer); err != nil {
			return err
		}
	}
	if !harmless {
		fmt.Fprintf(c.Stderr, "%d %s", n, did)
		if len(list) > 0 {
			fmt.Fprintf(c.Stderr, ", %d not", len(list))
		}
		fmt.Fprintln(c.Stderr)
	}
	return errors.Join(cmd.Context().Err(), list.Err())
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
