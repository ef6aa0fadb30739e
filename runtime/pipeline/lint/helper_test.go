package lint_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// setup has the built-in commands and two of plugins; one of those lacks a capability.
func setup(t testing.TB) lint.Setup {
	t.Helper()
	nothing := command.Func(func(context.Context, command.Call) (command.Result, error) { return command.Result{}, nil })
	registry, err := command.NewRegistry(append(builtin.All(builtin.Deps{Now: now}),
		command.Definition{Command: nothing, Spec: command.Spec{
			Name: "mail.send", Effect: true, Timeout: 10 * time.Second,
			Params: []command.Param{
				{Name: "to", Type: command.TypeList, Required: true},
				{Name: "subject", Type: command.TypeText},
				{Name: "message", Type: command.TypeAny, Aliases: []string{"body"}},
				{Name: "urgent", Type: command.TypeBoolean},
			},
		}},
		command.Definition{Command: nothing, Spec: command.Spec{
			Name: "crm.get", Result: "The answer.",
			Params: []command.Param{
				{Name: "url", Type: command.TypeText, Required: true},
				{Name: "headers", Type: command.TypeMap},
				{Name: "secret", Type: command.TypeText, Summary: "Name of a kept secret."},
				{Name: "password", Type: command.TypeText, Secret: true},
			},
		}},
	)...)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.NewPolicy(
		map[string][]string{"all": {"CAN_CMD_*"}, "little": {
			"CAN_CMD_log", "CAN_CMD_set", "CAN_CMD_*.set", "CAN_CMD_exit", "CAN_CMD_event.send", "CAN_CMD_pipeline.run", "CAN_CMD_crm.get", "CAN_CMD_webhook.put",
		}},
		map[string]iam.Identity{
			iam.Anonymous: {Roles: []string{"little"}},
			"systemuser":  {Roles: []string{"all"}, Pipelines: []string{"*"}},
			"locked":      {Roles: []string{"all"}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return lint.Setup{
		Deps:    pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: now}), Policy: policy},
		Plugins: []lint.Plugin{{Name: "crm", Commands: []string{"crm.get"}, Lacks: []string{"http"}, Timeout: 30 * time.Second}},
		Offered: map[string]string{"slack.send": "slack"},
	}
}

// told shows findings as the golden files have them.
func told(found []lint.Finding, texts map[string]string) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", f.Pos, f.Severity, f.Message, f.Code)
		if line, marks := lint.Snippet(lint.Mask(f.Pos.File, lint.Lines(texts[f.Pos.File]), found), f.Pos, f.End); line != "" || marks != "" {
			fmt.Fprintf(&b, "  | %s\n  | %s\n", line, marks)
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", f.Hint)
		}
		if f.Fix != nil {
			fmt.Fprintf(&b, "  fix: %s\n", f.Fix.Title)
		}
	}
	if len(found) == 0 {
		b.WriteString("sound\n")
	}
	return b.String()
}
