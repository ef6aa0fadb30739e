package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

// commandPages gives the index of all commands and a page for each group.
func commandPages() ([]page, error) {
	list, err := groups()
	if err != nil {
		return nil, err
	}
	pages := []page{{"commands.md", func(w *bytes.Buffer) error { indexPage(w, list); return nil }}}
	for _, g := range list {
		pages = append(pages, page{g.page(), func(w *bytes.Buffer) error { groupPage(w, g); return nil }})
	}
	return pages, nil
}

func indexPage(w *bytes.Buffer, list []group) {
	fmt.Fprintf(w, "# Commands\n\nEvery example on these pages is executed by the tests. The commands of a plugin are described by the plugin: `pi plugin inspect FILE`.\n")
	for _, g := range list {
		fmt.Fprintf(w, "\n## %s\n\n| command | |\n|---|---|\n", g.title)
		for _, s := range g.specs {
			fmt.Fprintf(w, "| [`%s`](%s#%s) | %s |\n", s.Name, g.page(), anchor(s.Name), cell(s.Summary))
		}
	}
	fmt.Fprintf(w, "\n## Common parameters\n\nEvery command takes these, as far as they make sense for it.\n\n")
	paramTable(w, command.CommonParams())
}

// anchor is how a heading is linked to: without its dots.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }

func groupPage(w *bytes.Buffer, g group) {
	fmt.Fprintf(w, "# %s\n\n%s\n\n[All commands](../commands.md)\n", g.title, g.intro)
	for _, s := range g.specs {
		commandSection(w, s)
	}
}

func commandSection(w *bytes.Buffer, s command.Spec) {
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
	if none := untaken(s.Name); len(none) > 0 {
		fmt.Fprintf(w, "Takes no `%s`.\n\n", strings.Join(none, "`, `"))
	}
	result := "The body stays as it is."
	if s.Result != "" {
		result = "Result: " + s.Result
	}
	fmt.Fprintf(w, "%s\n", result)
	if codes := failures(s); len(codes) > 0 {
		fmt.Fprintf(w, "\nFails with %s.\n", strings.Join(codes, ", "))
	}
	for _, e := range s.Examples {
		fmt.Fprintf(w, "\n%s:\n\n```yaml\n%s\n```\n", e.Title, strings.TrimSpace(e.Pipeline))
		first := ""
		if e.Body != "" {
			first = fmt.Sprintf("First body: `%s`. ", e.Body)
		}
		switch {
		case e.WantCode != "":
			fmt.Fprintf(w, "\n%sFails with `%s`.\n", first, e.WantCode)
		case e.Want != "":
			fmt.Fprintf(w, "\n%sFinal body: `%s`\n", first, e.Want)
		}
	}
}

// untaken lists the common parameters that a command of the language does not take.
func untaken(name string) []string {
	language := append(pipeline.FlowCommands(), pipeline.TriggerCommands()...)
	if !slices.ContainsFunc(language, func(s command.Spec) bool { return s.Name == name }) {
		return nil
	}
	var out []string
	for _, p := range command.CommonParams() {
		if !pipeline.TakesCommon(name, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}

// failures links the codes that the command is known to fail with: what it says itself, and what its
// examples show.
func failures(s command.Spec) []string {
	var codes []string
	for _, code := range s.Errors {
		codes = append(codes, string(code))
	}
	for _, e := range s.Examples {
		if e.WantCode != "" {
			codes = append(codes, e.WantCode)
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	for i, code := range codes {
		codes[i] = "[`" + code + "`](../errors.md)"
	}
	return codes
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
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", name, p.Type, fallback, cell(paramText(p)))
	}
}

func paramText(p command.Param) string {
	text := p.Summary
	if len(p.Enum) > 0 {
		text += " One of `" + strings.Join(p.Enum, "`, `") + "`."
	}
	if p.Literal {
		text += " No expression."
	}
	if p.Deprecated != "" {
		text += " Deprecated: " + p.Deprecated + "."
	}
	return text
}
