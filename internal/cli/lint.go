package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) lintCommand() *cobra.Command {
	var list bool
	var explain string
	cmd := &cobra.Command{
		Use:   "lint PATH ...",
		Short: "Check pipeline files and declared webhooks",
		Long: "Check pipeline files and webhooks that files declare, and folders with files named *.pi.yaml and *.webhook.yaml,\n" +
			"against the commands, plugins, rights and presets of the configuration. Every fault is shown with\n" +
			"file:line:column; warnings do not change the exit code.",
		Example: "  pi lint pipelines\n  pi lint webhooks\n  pi lint lead.pi.yaml -o json\n  pi lint --commands\n  pi lint --explain command.unknown",
		Args:    wants(nil, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case explain != "":
				return c.explain(explain)
			case list:
				return c.listCommands(cmd.Context())
			case len(args) == 0:
				return usage(cmd, "PATH is missing")
			}
			return c.lint(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&list, "commands", false, "list the known commands")
	cmd.Flags().StringVar(&explain, "explain", "", "explain the fault `CODE`")
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

func (c *cli) lint(ctx context.Context, args []string) error {
	paths := make([]string, len(args))
	for i, arg := range args {
		if _, err := os.Stat(c.path(arg)); err != nil {
			return unreadable(arg, "a pipeline", err)
		}
		paths[i] = c.path(arg)
	}
	return c.withTools(ctx, func(tools *app.Tools) error {
		linted, err := tools.Lint(paths)
		warnings := linted.Warnings
		if err != nil {
			c.warn(warnings)
			return err
		}
		if linted.Pipelines+linted.Webhooks == 0 {
			return fault.New(fault.CLIUsage, "no pipeline was found").WithHint("pipeline files in a folder are named *.pi.yaml")
		}
		if c.output == "json" || c.output == "yaml" {
			found := make([]any, len(warnings))
			for i, w := range warnings {
				p := c.problems(w)[0]
				found[i] = map[string]any{"code": string(p.Code), "message": p.Message, "hint": p.Hint, "file": p.File, "line": p.Line, "column": p.Column}
			}
			return c.show(map[string]any{"status": "ok", "pipelines": linted.Pipelines, "webhooks": linted.Webhooks, "warnings": found}, "yaml")
		}
		c.warn(warnings)
		var sound []string
		if linted.Pipelines > 0 {
			sound = append(sound, count(linted.Pipelines, "pipeline"))
		}
		if linted.Webhooks > 0 {
			sound = append(sound, count(linted.Webhooks, "webhook"))
		}
		_, err = fmt.Fprintf(c.Stdout, "ok: %s, %s\n", strings.Join(sound, ", "), count(len(warnings), "warning"))
		return err
	})
}

func (c *cli) warn(warnings []*fault.Error) {
	for _, w := range warnings {
		p := c.problems(w)[0]
		place := fault.Position{File: p.File, Line: p.Line, Column: p.Column}.String()
		fmt.Fprintf(c.Stderr, "%s %s: %s\n", c.paint(c.StderrIsTerminal, yellow, "warning:"), place, p.Message)
		fmt.Fprintf(c.Stderr, "hint: %s\ncode: %s\n", p.Hint, p.Code)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *cli) listCommands(ctx context.Context) error {
	return c.withTools(ctx, func(tools *app.Tools) error {
		var rows []any
		for _, d := range tools.Registry().Definitions() {
			rows = append(rows, commandRow(d))
		}
		return c.table(rows, []column{field("COMMAND", "name"), field("SHORT FOR", "shorthand"), field("SUMMARY", "summary")}, "no commands")
	})
}

func commandRow(d *command.Definition) map[string]any {
	params := make([]any, len(d.Spec.Params))
	for i, p := range d.Spec.Params {
		params[i] = map[string]any{"name": p.Name, "type": string(p.Type), "required": p.Required, "summary": p.Summary}
	}
	aliases := make([]any, len(d.Spec.Aliases))
	for i, a := range d.Spec.Aliases {
		aliases[i] = a
	}
	return map[string]any{
		"name": d.Spec.Name, "summary": d.Spec.Summary, "shorthand": d.Spec.Shorthand, "result": d.Spec.Result,
		"params": params, "aliases": aliases,
	}
}

// explain prints the reference of a fault code.
func (c *cli) explain(code string) error {
	var known []string
	for _, i := range fault.Codes() {
		if string(i.Code) == code {
			return c.show(map[string]any{
				"code": code, "what": i.Summary, "fix": i.Fix, "exit": int(i.Kind),
			}, "yaml")
		}
		known = append(known, string(i.Code))
	}
	e := fault.New(fault.CLIUsage, "there is no fault code %q", code)
	if near := fault.DidYouMean(code, known); near != "" {
		return e.WithHint("%s", near)
	}
	return e.WithHint("codes are printed behind every error; docs/reference/errors.md lists them")
}
