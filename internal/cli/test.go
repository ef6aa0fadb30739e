package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
)

// testFlags are what `pi test` is given.
type testFlags struct {
	filter, junit, record, to          string
	watch, failFast, coverage, verbose bool
	least                              float64
}

func (c *cli) testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [PATH ...]",
		Short: "Run the tests of pipelines",
		Long: "Run the cases of test files (*.test.yaml): those named, those of folders, or all below this folder. A case runs its\n" +
			"pipeline as a server would, with mocks in place of commands, a clock that waits do not hold up, and nothing that leaves.\n" +
			"The exit code is 0 when all cases pass, 1 when one fails, 2 when a file is wrong.\n" +
			"--record writes a test file from a run on a server, whose values were recorded (engine.record).",
		Example: "  pi test\n" +
			"  pi test pipelines/lead.test.yaml --filter refused -o json\n" +
			"  pi test pipelines --coverage --min-coverage 80 --junit report.xml\n" +
			"  pi test pipelines --fail-fast\n" +
			"  pi test --record $EVENT:lead --to recorded.test.yaml",
		Args: wants(nil, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.least < 0 || f.least > 100 {
				return fault.New(fault.CLIUsage, "the flag \"--min-coverage\" has to be a number from 0 to 100")
			}
			if f.record != "" {
				if len(args) > 0 {
					return usage(cmd, "--record takes no PATH")
				}
				return c.record(cmd.Context(), f.record, f.to)
			}
			return c.test(cmd.Context(), args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.filter, "filter", "", "only cases whose name holds this `TEXT`")
	flags.BoolVar(&f.failFast, "fail-fast", false, "stop behind the first case that fails")
	flags.BoolVar(&f.verbose, "verbose", false, "show the cases that pass, too")
	flags.BoolVar(&f.coverage, "coverage", false, "show which steps and branches no case executes")
	flags.Float64Var(&f.least, "min-coverage", 0, "fail when less than this `PERCENT` of steps and branches is executed")
	flags.StringVar(&f.junit, "junit", "", "write the outcome to this `FILE` as JUnit XML")
	flags.BoolVar(&f.watch, "watch", false, "run again whenever a file changes, until interrupted")
	flags.StringVar(&f.record, "record", "", "write a test file from this `RUN` on a server: EVENT:PIPELINE")
	flags.StringVar(&f.to, "to", "", "with --record: the `FILE` to write (default: beside the pipeline)")
	return cmd
}

func (c *cli) test(ctx context.Context, args []string, f testFlags) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	paths := make([]string, len(args))
	for i, arg := range args {
		if paths[i] = c.path(arg); arg == "." && c.Dir == "" {
			paths[i] = "."
		}
	}
	if f.watch {
		return c.again(ctx, paths, func() error { return c.testOnce(ctx, paths, f) })
	}
	return c.testOnce(ctx, paths, f)
}

func (c *cli) testOnce(ctx context.Context, paths []string, f testFlags) (err error) {
	files, err := pipetest.Find(paths)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fault.New(fault.CLIUsage, "no test file was found").WithHint("test files are named *%s and stand beside their pipelines", pipetest.Suffix)
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	runner, err := pipetest.Open(ctx, c.params(cfg, c.logger(cfg, true)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Close(context.WithoutCancel(ctx))) }()
	began := c.Now()
	o := pipetest.Options{Filter: f.filter, FailFast: f.failFast}
	text := c.output == "" || c.output == "plain"
	if text {
		o.Update = func(cr *pipetest.CaseReport) { c.sayCase(cr, f.verbose) }
	}
	report, refused := runner.Run(ctx, files, o)
	if f.junit != "" {
		if err := c.writeJUnit(f.junit, report, refused); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := c.sayReport(report, f, text, pipetest.Took(c.Now().Sub(began))); err != nil {
		return err
	}
	return verdict(report, refused, f)
}

// verdict is the outcome as an error.
func verdict(report *pipetest.Report, refused error, f testFlags) error {
	ran := report.Count(pipetest.Passed) + report.Failed() + report.Count(pipetest.Skipped)
	_, percent := report.Coverage()
	switch {
	case refused != nil:
		return refused
	case ran == 0:
		return fault.New(fault.CLIUsage, "no case has a name with %q", f.filter)
	case report.Failed() > 0:
		return exitError(fault.Runtime)
	case percent < f.least:
		return fault.New(fault.TestCoverage, "%.1f %% of the steps and branches are executed, and %.1f %% are asked for", percent, f.least).
			WithHint("--coverage shows what no case executes")
	}
	return nil
}

func (c *cli) sayCase(cr *pipetest.CaseReport, verbose bool) {
	place := fmt.Sprintf("%s:%d", cr.File, cr.Line)
	switch cr.Outcome {
	case pipetest.Failed:
		fmt.Fprintf(c.Stdout, "%s %s: %s\n", c.paint(c.StdoutIsTerminal, red, "FAIL"), c.clean(place), c.clean(cr.Name))
		for _, line := range cr.Lines() {
			fmt.Fprintln(c.Stdout, c.clean(line))
		}
	case pipetest.Skipped:
		fmt.Fprintf(c.Stdout, "%s %s: %s: %s\n", c.paint(c.StdoutIsTerminal, yellow, "skip"), c.clean(place), c.clean(cr.Name), c.clean(cr.Why))
	default:
		if verbose {
			fmt.Fprintf(c.Stdout, "%s %s: %s\n", c.paint(c.StdoutIsTerminal, green, "ok  "), c.clean(place), c.clean(cr.Name))
		}
	}
}

func (c *cli) sayReport(report *pipetest.Report, f testFlags, text bool, took string) error {
	if !text {
		v, err := model(report.Value())
		if err != nil {
			return err
		}
		return c.show(v, "json")
	}
	if plans, percent := report.Coverage(); f.coverage {
		for _, p := range plans {
			fmt.Fprintf(c.Stdout, "%5.1f %%  %s: %d of %d steps, %d of %d branches\n", p.Percent(), c.clean(p.File), p.StepsTaken, p.Steps, p.BranchesTaken, p.Branches)
			for _, m := range p.Missed {
				fmt.Fprintf(c.Stdout, "         %s: %s\n", c.clean(m.At.String()), m.What)
			}
		}
		fmt.Fprintf(c.Stdout, "%5.1f %%  of all steps and branches\n", percent)
	}
	_, err := fmt.Fprintf(c.Stdout, "%s in %s\n", report.Summary(), took)
	return err
}

func (c *cli) writeJUnit(name string, report *pipetest.Report, refused error) (err error) {
	path := c.path(name)
	file, err := os.CreateTemp(filepath.Dir(path), ".junit-*")
	if err != nil {
		return fault.Wrap(fault.CLIUsage, plainCause(err), "writing the JUnit file").In("--junit")
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	if err := errors.Join(report.WriteJUnit(file, refused, c.cleanLines), file.Chmod(0o644), file.Close()); err != nil {
		return fault.Wrap(fault.CLIUsage, err, "writing the JUnit file").In("--junit")
	}
	return os.Rename(file.Name(), path)
}
