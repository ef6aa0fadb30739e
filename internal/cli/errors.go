package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// exitError ends the invocation with a code after everything was already said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// problem is one error as it is shown.
type problem struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
	File    string     `json:"file,omitempty"`
	Line    int        `json:"line,omitempty"`
	Column  int        `json:"column,omitempty"`
}

// finish shows err and gives the exit code.
func (c *cli) finish(ctx context.Context, err error) int {
	var exit exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = fault.New(fault.CommandCanceled, "interrupted")
	}
	list := c.problems(err)
	if c.output == "json" {
		c.writeJSON(list)
	} else {
		c.writeText(list)
	}
	return int(fault.InfoOf(list[0].Code).Kind)
}

func (c *cli) writeJSON(list []problem) {
	e := json.NewEncoder(c.Stderr)
	e.SetEscapeHTML(false)
	e.Encode(struct { //nolint:errcheck // nothing is left to tell it to
		Status string    `json:"status"`
		Errors []problem `json:"errors"`
	}{"error", list})
}

func (c *cli) writeText(list []problem) {
	for _, p := range list {
		place := fault.Position{File: p.File, Line: p.Line, Column: p.Column}.String()
		if place != "" {
			place += ": "
		}
		fmt.Fprintf(c.Stderr, "%s %s%s\n", c.paint(c.StderrIsTerminal, red, "error:"), place, p.Message)
		if p.Hint != "" {
			fmt.Fprintf(c.Stderr, "hint: %s\n", p.Hint)
		}
		fmt.Fprintf(c.Stderr, "code: %s\n", p.Code)
	}
}

// problems takes every single fault out of err.
func (c *cli) problems(err error) []problem {
	var e *fault.Error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var list []problem
		for _, one := range many.Unwrap() {
			if one != nil {
				list = append(list, c.problems(one)...)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	p := problem{Code: fault.CodeOf(err), Hint: fault.HintOf(err)}
	text := err.Error()
	if errors.As(err, &e) {
		if e.Pos != (fault.Position{}) {
			p.File, p.Line, p.Column = e.Pos.File, e.Pos.Line, e.Pos.Column
			text = strings.Replace(text, e.Pos.String()+": ", "", 1)
		}
		// A cause that is a list stands below a wrapper that adds where it was met.
		var list fault.List
		if errors.As(e.Cause, &list) && len(list) > 0 {
			return c.problems(list)
		}
	}
	if p.Hint != "" {
		text = strings.ReplaceAll(text, "; "+p.Hint, "")
	} else {
		p.Hint = fault.InfoOf(p.Code).Fix
	}
	p.File, p.Message, p.Hint = c.clean(p.File), c.clean(text), c.clean(p.Hint)
	return []problem{p}
}

// clean makes a text fit to be shown: no secret, no control character.
func (c *cli) clean(text string) string { return secret.Escape(c.resolver.Scrubber().Scrub(text)) }
