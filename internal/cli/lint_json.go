package cli

import (
	"encoding/json"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// lintedJSON is what --json prints.
type lintedJSON struct {
	Status    string        `json:"status"` // ok or error, as the exit code says
	Pipelines int           `json:"pipelines"`
	Webhooks  int           `json:"webhooks"`
	Counts    lintCounts    `json:"counts"`
	Findings  []findingJSON `json:"findings"`
}

type lintCounts struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Hint    int `json:"hint"`
}

// findingJSON is one finding. Lines and columns count from 1, columns in characters; the end is behind the last one.
type findingJSON struct {
	Code      fault.Code    `json:"code"`
	Severity  lint.Severity `json:"severity"`
	Message   string        `json:"message"`
	Hint      string        `json:"hint,omitempty"`
	File      string        `json:"file,omitempty"`
	Line      int           `json:"line,omitempty"`
	Column    int           `json:"column,omitempty"`
	EndLine   int           `json:"endLine,omitempty"`
	EndColumn int           `json:"endColumn,omitempty"`
	Fix       *fixJSON      `json:"fix,omitempty"`
}

type fixJSON struct {
	Title string     `json:"title"`
	Edits []editJSON `json:"edits"`
}

type editJSON struct {
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Text      string `json:"text"`
}

func (c *cli) lintJSON(l app.Linted, code int) error {
	out := lintedJSON{
		Status: "ok", Pipelines: l.Pipelines, Webhooks: l.Webhooks, Findings: []findingJSON{},
		Counts: lintCounts{l.Count(lint.Error), l.Count(lint.Warning), l.Count(lint.Hint)},
	}
	if code != 0 {
		out.Status = "error"
	}
	for _, one := range l.Findings {
		out.Findings = append(out.Findings, c.findingJSON(one))
	}
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func (c *cli) findingJSON(one lint.Finding) findingJSON {
	out := findingJSON{
		Code: one.Code, Severity: one.Severity, Message: c.clean(one.Message), Hint: c.clean(one.Hint),
		File: c.clean(one.Pos.File), Line: one.Pos.Line, Column: one.Pos.Column, EndLine: one.End.Line, EndColumn: one.End.Column,
	}
	if one.Fix != nil {
		out.Fix = &fixJSON{Title: c.clean(one.Fix.Title), Edits: []editJSON{}}
		for _, e := range one.Fix.Edits {
			out.Fix.Edits = append(out.Fix.Edits, editJSON{e.Pos.Line, e.Pos.Column, e.End.Line, e.End.Column, e.Text})
		}
	}
	return out
}

// lintModel prints what -o json and -o yaml print: the sum and what is doubtful, or what is wrong.
func (c *cli) lintModel(l app.Linted, code int) error {
	switch {
	case code == 0:
		others := []any{}
		for _, one := range l.Findings {
			shown, err := model(c.findingJSON(one))
			if err != nil {
				return err
			}
			others = append(others, shown)
		}
		return c.show(map[string]any{"status": "ok", "pipelines": l.Pipelines, "webhooks": l.Webhooks, "warnings": others}, "yaml")
	case c.output != "json":
		if err := c.lintText(l, code); err != nil {
			return err
		}
		return exitError(code)
	}
	grave := lint.Error
	if l.Count(lint.Error) == 0 { // with --strict
		grave = lint.Warning
	}
	var list []problem
	for _, one := range l.Findings {
		if one.Severity == grave {
			list = append(list, problem{
				Code: one.Code, Message: c.clean(one.Message), Hint: c.clean(one.Hint),
				File: c.clean(one.Pos.File), Line: one.Pos.Line, Column: one.Pos.Column,
			})
		}
	}
	c.writeJSON(list)
	return exitError(code)
}
