package commandtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/fault"
)

func commands() []command.Definition {
	return []command.Definition{
		{
			Spec: command.Spec{Name: "echo", Result: "The body."},
			Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
				return command.Value(call.Body), nil
			}),
		},
		{
			Spec: command.Spec{Name: "refuse"},
			Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
				return command.Result{}, fault.New(fault.MailRejected, "no")
			}),
		},
	}
}

// TestCheck: right examples pass, and each kind of wrong one is found.
func TestCheck(t *testing.T) {
	t.Parallel()
	const echo, refuse = "pipeline:\n  - echo\n", "pipeline:\n  - refuse\n"
	cases := map[string]struct {
		example command.Example
		want    string // part of the error; empty = none
	}{
		"right":         {command.Example{Title: "t", Pipeline: echo, Body: `{"a":[1]}`, Want: `{ "a": [1] }`}, ""},
		"right failure": {command.Example{Title: "t", Pipeline: refuse, WantCode: "mail.rejected"}, ""},
		"right load":    {command.Example{Title: "t", Pipeline: "pipeline:\n  - ecoh\n", WantCode: "command.unknown"}, ""},
		"no body":       {command.Example{Title: "t", Pipeline: echo, Want: `null`}, ""},
		"no title":      {command.Example{Pipeline: echo, Want: `null`}, "no title"},
		"wrong body":    {command.Example{Title: "t", Pipeline: echo, Body: `1`, Want: `2`}, "not the wanted one"},
		"no want":       {command.Example{Title: "t", Pipeline: echo, Body: `1`}, "the wanted body"},
		"fails":         {command.Example{Title: "t", Pipeline: refuse, Want: `null`}, `code "mail.rejected", want ""`},
		"does not fail": {command.Example{Title: "t", Pipeline: echo, WantCode: "mail.rejected"}, `code "", want "mail.rejected"`},
		"broken body":   {command.Example{Title: "t", Pipeline: echo, Body: `{`, Want: `1`}, `code "internal"`},
		"broken file":   {command.Example{Title: "t", Pipeline: "x", Want: `1`}, `code "pipeline.syntax"`},
	}
	for name, c := range cases {
		err := commandtest.Check(t.Context(), commands(), c.example)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
