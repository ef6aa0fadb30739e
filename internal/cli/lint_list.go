package cli

import (
	"context"
	"strings"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

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

// listRules lists the rules of the linter. Faults that keep a file from being loaded are no rules; --explain knows both.
func (c *cli) listRules() error {
	var rows []any
	for _, r := range lint.Rules() {
		rows = append(rows, map[string]any{"code": string(r.Code), "severity": string(r.Severity), "summary": r.Summary, "why": r.Why})
	}
	return c.table(rows, []column{field("CODE", "code"), field("SEVERITY", "severity"), field("SUMMARY", "summary")}, "no rules")
}

// explain prints the reference of a fault code or a rule.
func (c *cli) explain(code string) error {
	var known []string
	for _, r := range lint.Rules() {
		if string(r.Code) == code {
			return c.show(map[string]any{
				"code": code, "severity": string(r.Severity), "what": r.Summary, "why": r.Why,
				"bad": exampleText(r.Bad), "good": exampleText(r.Good),
			}, "yaml")
		}
		known = append(known, string(r.Code))
	}
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
	return e.WithHint("codes are printed behind every error; docs/reference/errors.md and docs/reference/lint.md list them")
}

// exampleText is an example as one text, with the other files of its set behind it.
func exampleText(e lint.Example) string {
	var b strings.Builder
	b.WriteString(e.Text)
	for _, name := range e.Names() {
		b.WriteString("# beside it, " + name + ":\n" + e.Beside[name])
	}
	return b.String()
}
