package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// lintFlags are what `pi lint` is given.
type lintFlags struct {
	commands, rules     bool
	explain             string
	json, sarif, strict bool
	severity, stdinName string
}

func (c *cli) lintCommand() *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint PATH ...",
		Short: "Check pipeline files and declared webhooks",
		Long: "Check pipeline files and webhooks that files declare, and folders with files named *.pi.yaml, *.pi.json and\n" +
			"*.webhook.yaml, against the commands, plugins, rights and presets of the configuration. PATH - is a pipeline on\n" +
			"standard input. Every finding is shown with its place, its code and, where it is certain, the repair.\n\n" +
			"A comment `# lint:ignore CODE reason` silences a rule in its line and, when it stands alone, in the next one.\n\n" +
			"The exit code is 0 when there is no error (with --strict: and no warning), 2 when there is one or when the command\n" +
			"line is wrong, and 3 when nothing is wrong but something could not be read. That no file is found is an error.",
		Example: "  pi lint pipelines\n  pi lint webhooks pipelines --strict\n  pi lint lead.pi.yaml --json\n  pi lint - --stdin-name lead.pi.yaml\n" +
			"  pi lint pipelines --sarif\n  pi lint --rules\n  pi lint --explain lint.variable.unset",
		Args: wants(nil, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.explain != "":
				return c.explain(f.explain)
			case f.rules:
				return c.listRules()
			case f.commands:
				return c.listCommands(cmd.Context())
			case len(args) == 0:
				return usage(cmd, "PATH is missing")
			}
			return c.lint(cmd.Context(), args, f)
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object with all findings and their numbers")
	cmd.Flags().BoolVar(&f.sarif, "sarif", false, "print SARIF 2.1.0, for code scanners")
	cmd.Flags().StringVar(&f.severity, "severity", string(lint.Hint), "`LEVEL` from which findings are shown: error, warning or hint")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "warnings fail, too")
	cmd.Flags().StringVar(&f.stdinName, "stdin-name", "stdin"+pipeline.Suffix, "`NAME` of the file that standard input is")
	cmd.Flags().BoolVar(&f.commands, "commands", false, "list the known commands")
	cmd.Flags().BoolVar(&f.rules, "rules", false, "list the rules")
	cmd.Flags().StringVar(&f.explain, "explain", "", "explain the fault or rule `CODE`")
	return cmd
}

// withTools opens the tools, gives them to f and closes them.
func (c *cli) withTools(ctx context.Context, f func(*app.Tools) error) (err error) {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	tools, err := app.OpenTools(ctx, c.params(cfg, c.logger(cfg, true)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tools.Close(context.WithoutCancel(ctx))) }()
	return f(tools)
}

func (f *lintFlags) check() error {
	levels := make([]string, 0, 3)
	for _, s := range lint.Severities() {
		levels = append(levels, string(s))
	}
	switch {
	case !slices.Contains(levels, f.severity):
		return fault.New(fault.CLIUsage, "the flag \"--severity\" has to be error, warning or hint").WithHint("%s", fault.DidYouMean(f.severity, levels))
	case f.json && f.sarif:
		return fault.New(fault.CLIUsage, "--json and --sarif exclude each other").WithHint("give one of them")
	}
	return nil
}

func (c *cli) lint(ctx context.Context, args []string, f lintFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	paths, texts, err := c.lintInput(args, f)
	if err != nil {
		return err
	}
	return c.withTools(ctx, func(tools *app.Tools) error {
		linted, err := tools.Lint(paths, texts...)
		if err != nil {
			return err
		}
		if linted.Pipelines+linted.Webhooks+linted.Count(lint.Error) == 0 {
			return fault.New(fault.CLIUsage, "no pipeline was found").WithHint("pipeline files in a folder are named *.pi.yaml")
		}
		return c.showLinted(linted, f)
	})
}

// lintInput gives the paths to look at, and the pipeline on standard input.
func (c *cli) lintInput(args []string, f lintFlags) (paths []string, texts []lint.File, err error) {
	for _, arg := range args {
		if arg != "-" {
			if _, err := os.Stat(c.path(arg)); err != nil {
				return nil, nil, unreadable(arg, "a pipeline", err)
			}
			paths = append(paths, c.path(arg))
			continue
		}
		if len(texts) > 0 {
			return nil, nil, fault.New(fault.CLIUsage, "standard input is named twice")
		}
		text, err := io.ReadAll(io.LimitReader(c.Stdin, pipeline.MaxSize+1))
		if err != nil {
			return nil, nil, fault.Wrap(fault.PipelineRead, err, "reading standard input")
		}
		texts = append(texts, lint.File{Name: f.stdinName, Text: string(text)})
	}
	return paths, texts, nil
}

// showLinted prints what was found and gives the exit code.
func (c *cli) showLinted(l app.Linted, f lintFlags) error {
	code := exitOf(l, f.strict)
	l.Findings = slices.DeleteFunc(slices.Clone(l.Findings), func(one lint.Finding) bool {
		return !one.Severity.AtLeast(lint.Severity(f.severity))
	})
	var err error
	switch {
	case f.sarif:
		err = c.lintSARIF(l)
	case f.json:
		err = c.lintJSON(l, code)
	case c.output == "json" || c.output == "yaml":
		return c.lintModel(l, code)
	default:
		err = c.lintText(l, code)
	}
	if err == nil && code != 0 {
		err = exitError(code)
	}
	return err
}

// exitOf gives the exit code: that of wrong input before that of what could not be read.
func exitOf(l app.Linted, strict bool) (code int) {
	for _, one := range l.Findings {
		if one.Severity != lint.Error && (one.Severity != lint.Warning || !strict) {
			continue
		}
		switch kind := fault.InfoOf(one.Code).Kind; {
		case kind == fault.Environment && code == 0:
			code = int(fault.Environment)
		case kind != fault.Environment:
			code = int(fault.Input)
		}
	}
	return code
}

// lintText shows findings to people: errors and the others on standard error, the sum of a sound set on standard output.
func (c *cli) lintText(l app.Linted, code int) error {
	for _, one := range l.Findings {
		c.lintFinding(one, l.Lines[one.Pos.File])
	}
	var seen []string
	if l.Pipelines > 0 {
		seen = append(seen, count(l.Pipelines, "pipeline"))
	}
	if l.Webhooks > 0 {
		seen = append(seen, count(l.Webhooks, "webhook"))
	}
	sums := []string{count(l.Count(lint.Warning), "warning")}
	if n := l.Count(lint.Hint); n > 0 {
		sums = append(sums, count(n, "hint"))
	}
	if code == 0 {
		_, err := fmt.Fprintf(c.Stdout, "%s %s, %s\n", c.paint(c.StdoutIsTerminal, green, "ok:"), strings.Join(seen, ", "), strings.Join(sums, ", "))
		return err
	}
	sums = append([]string{count(l.Count(lint.Error), "error")}, sums...)
	fmt.Fprintln(c.Stderr, strings.Join(sums, ", "))
	return nil
}

func (c *cli) lintFinding(one lint.Finding, lines []string) {
	col := map[lint.Severity]colour{lint.Error: red, lint.Warning: yellow, lint.Hint: blue}[one.Severity]
	place := c.lintPlace(one)
	if place != "" {
		place += ": "
	}
	fmt.Fprintf(c.Stderr, "%s %s%s\n", c.paint(c.StderrIsTerminal, col, string(one.Severity)+":"), place, c.clean(one.Message))
	if line, marks := lint.Snippet(lines, one.Pos, one.End); line != "" {
		number := fmt.Sprint(one.Pos.Line)
		fmt.Fprintf(c.Stderr, "  %s | %s\n  %s | %s\n", number, c.clean(line), strings.Repeat(" ", len(number)), c.paint(c.StderrIsTerminal, col, marks))
	}
	if one.Hint != "" {
		fmt.Fprintf(c.Stderr, "hint: %s\n", c.clean(one.Hint))
	}
	if one.Fix != nil && !strings.HasPrefix(one.Hint, "did you mean") && !strings.HasPrefix(one.Hint, "write ") {
		fmt.Fprintf(c.Stderr, "fix: %s\n", c.clean(one.Fix.Title))
	}
	fmt.Fprintf(c.Stderr, "code: %s\n", one.Code)
}

// lintPlace gives the place of a finding as it is shown.
func (c *cli) lintPlace(one lint.Finding) string {
	pos := one.Pos
	pos.File = c.clean(pos.File)
	return pos.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
