package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func commandsPage(w *bytes.Buffer) error {
	registry, err := command.NewRegistry(builtin.All(builtin.Deps{Now: time.Now})...)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# Built-in commands\n\nEvery step also takes the common parameters:\n\n")
	paramTable(w, command.CommonParams())
	for _, d := range registry.Definitions() {
		s := d.Spec
		fmt.Fprintf(w, "\n## %s\n\n%s\n\n", s.Name, s.Summary)
		if len(s.Aliases) > 0 {
			fmt.Fprintf(w, "Also written: `%s`.\n\n", strings.Join(s.Aliases, "`, `"))
		}
		if len(s.Params) > 0 {
			paramTable(w, s.Params)
			fmt.Fprintln(w)
		}
		if s.Shorthand != "" {
			fmt.Fprintf(w, "Short form: `%s: VALUE` sets `%s`.\n\n", s.Name, s.Shorthand)
		}
		result := "The body stays as it is."
		if s.Result != "" {
			result = "Result: " + s.Result
		}
		fmt.Fprintf(w, "%s\n", result)
		for _, e := range s.Examples {
			fmt.Fprintf(w, "\n%s:\n\n```yaml\n%s\n```\n", e.Title, strings.TrimSpace(e.Pipeline))
			if e.Want != "" {
				fmt.Fprintf(w, "\nFinal body: `%s`\n", e.Want)
			}
			if e.WantCode != "" {
				fmt.Fprintf(w, "\nFails with `%s`.\n", e.WantCode)
			}
		}
	}
	return nil
}

func paramTable(w *bytes.Buffer, params []command.Param) {
	fmt.Fprintf(w, "| parameter | type | default | |\n|---|---|---|---|\n")
	for _, p := range params {
		name := "`" + p.Name + "`"
		if p.Required {
			name += " (required)"
		}
		if len(p.Aliases) > 0 {
			name += ", also `" + strings.Join(p.Aliases, "`, `") + "`"
		}
		fallback := ""
		if p.Default != nil {
			text, err := value.AppendJSON(nil, p.Default)
			if err == nil {
				fallback = "`" + string(text) + "`"
			}
		}
		summary := p.Summary
		if len(p.Enum) > 0 {
			summary += " One of `" + strings.Join(p.Enum, "`, `") + "`."
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", name, p.Type, fallback, cell(summary))
	}
}

func errorsPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Error codes\n\nCodes are stable: they are never renamed or reused. The exit code of the CLI follows the kind: "+
		"1 run time, 2 input, 3 environment. `pi lint --explain CODE` prints a line of this table.\n\n"+
		"| code | exit | what happened | what to do |\n|---|---|---|---|\n")
	for _, i := range fault.Codes() {
		fmt.Fprintf(w, "| `%s` | %d | %s | %s |\n", i.Code, i.Kind, cell(i.Summary), cell(i.Fix))
	}
	return nil
}

func configPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Settings\n\nThe reference with comments is [configs/default.yaml](../../configs/default.yaml). "+
		"In the environment a key is `PI_` and its words in capitals, two underscores lead one level down: `PI_STORE__DIR`.\n\n"+
		"| key | type | default | |\n|---|---|---|---|\n")
	for _, k := range configs.Keys() {
		fmt.Fprintf(w, "| `%s` | %s | `%s` | %s |\n", k.Key, k.Type, k.Default, cell(k.Comment))
	}
	return nil
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ")
}
