package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// runFlags are what `pi run` is given.
type runFlags struct {
	body, event, payload, identity string
	hasBody, trace, watch          bool
	vars, mocks                    []string
	timeout                        time.Duration
}

func (c *cli) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run one pipeline here, without a server",
		Long: "Run one pipeline in this process and print its final body. Plugins, mail and rights are those of the configuration;\n" +
			"events that the pipeline sends go nowhere. With --event KEY the pipeline gets an event as a webhook would make it, and\n" +
			"--body is the webhook's body; without, --body is the first body itself. A body that is JSON is read as JSON. Pipelines\n" +
			"that it runs are found beside the file, or in the pipeline directory when the file is there. --trace shows every step\n" +
			"on standard error, and a failing run is always shown so. -o json gives body, vars and steps.",
		Example: "  pi run greet.pi.yaml --body '{\"name\": \"Jane\"}'\n" +
			"  pi run lead.pi.yaml --event webhook.lead.created --body 'Jane wants a boat'\n" +
			"  pi run push.pi.yaml --event @event.json --var dry=true\n" +
			"  pi run push.pi.yaml --event '{\"eventKey\": \"webhook.github.push\", \"payload\": {\"ref\": \"main\"}}' --trace\n" +
			"  pi run offer.pi.yaml --as systemuser --mock mail.send='{\"messageId\": \"m1\"}' --mock '#price=@price.json'\n" +
			"  pi run greet.pi.yaml --body @body.json --timeout 5s -o json",
		Args: wants([]string{"FILE"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasBody = cmd.Flags().Changed("body")
			return c.run(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.body, "body", "", "`TEXT`, or @file, or @- for standard input")
	flags.StringVar(&f.event, "event", "", "`KEY` of the event to make; or an event as JSON: the text itself, or @file")
	flags.StringVar(&f.payload, "payload-type", "base64", "how --body becomes the event's payload: base64, raw or ignore")
	flags.StringArrayVar(&f.vars, "var", nil, "set a variable: `NAME=VALUE`, where VALUE is JSON or a text; may be repeated")
	flags.StringVar(&f.identity, "as", "", "`IDENTITY` to begin as (default: that of webhooks, anonymousUser)")
	flags.StringArrayVar(&f.mocks, "mock", nil, "answer in place of a command: `COMMAND=RESULT` or #ID=RESULT, where RESULT is JSON, a text or @file; may be repeated")
	flags.BoolVar(&f.trace, "trace", false, "show every step with its values and its time")
	flags.BoolVar(&f.watch, "watch", false, "run again whenever a pipeline in the file's folder changes, until interrupted")
	flags.DurationVar(&f.timeout, "timeout", 0, "end the run after this `TIME`, such as 30s")
	return cmd
}

func (c *cli) run(ctx context.Context, file string, f runFlags) (err error) {
	job := app.RunFile{Path: c.path(file), Identity: f.identity}
	if f.timeout < 0 {
		return fault.New(fault.CLIUsage, "the flag \"--timeout\" must not be negative")
	}
	if job.Vars, err = variables(f.vars); err != nil {
		return err
	}
	if err := c.input(&job, f); err != nil {
		return err
	}
	mocks, err := c.runMocks(f.mocks)
	if err != nil {
		return err
	}
	if _, err := c.load(file, "a pipeline"); err != nil {
		return err
	}
	return c.withTools(ctx, func(tools *app.Tools) error {
		if !f.watch {
			return c.runOnce(ctx, tools, job, mocks, f)
		}
		paths := []string{tools.RootOf(job.Path), job.Path}
		return c.again(ctx, paths, func() error { return c.runOnce(ctx, tools, job, mocks, f) })
	})
}

// again does something now and whenever a file changes, until ctx ends. What fails is shown.
func (c *cli) again(ctx context.Context, paths []string, do func() error) error {
	for seen := pipetest.Look(paths); ; {
		err := do()
		if ctx.Err() != nil {
			return nil //nolint:nilerr // interrupting is how watching ends
		}
		if err != nil {
			c.finish(ctx, err)
		}
		fmt.Fprintln(c.Stderr, "waiting for a change; interrupt to end")
		if seen, err = pipetest.Changed(ctx, paths, seen); err != nil {
			return nil //nolint:nilerr // as above
		}
	}
}

func (c *cli) runOnce(ctx context.Context, tools *app.Tools, job app.RunFile, mocks *pipetest.Mocks, f runFlags) error {
	trace := &pipetest.Trace{}
	job.Mocked = mocks.Commands()
	job.Trial, job.Observe = &pipeline.Trial{Answer: mocks.Answer}, trace
	limited, cancel := ctx, context.CancelFunc(func() {})
	if f.timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, f.timeout)
	}
	defer cancel()
	out, err := tools.RunFile(limited, job)
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = fault.New(fault.CommandTimeout, "the run took longer than %s", f.timeout).WithHint("give a longer --timeout")
	}
	if lines := trace.Lines(true); f.trace || err != nil && len(lines) > 0 && c.output != "json" {
		c.sayTrace(lines)
	}
	for _, name := range mocks.Unused() {
		fmt.Fprintf(c.Stderr, "%s the mock of %s was not used\n", c.paint(c.StderrIsTerminal, yellow, "warning:"), c.clean(name))
	}
	switch text, isText := out.Body.(string); {
	case err != nil:
		return err
	case c.output == "json":
		return c.show(map[string]any{"body": out.Body, "vars": out.Vars, "steps": trace.Values()}, "json")
	case isText && c.output == "":
		return c.show(text, "plain")
	}
	return c.show(out.Body, "yaml")
}

func (c *cli) sayTrace(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(c.Stderr, c.clean(line))
	}
}
