package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/pipeline"
)

// TestExamples executes every example of every command that has a section on a page, each in a world of its
// own. The examples of expressions are executed where they are described, in package expr.
func TestExamples(t *testing.T) {
	t.Parallel()
	list, err := groups()
	if err != nil {
		t.Fatal(err)
	}
	commands, examples := 0, 0
	for _, g := range list {
		for _, s := range g.specs {
			commands++
			if len(s.Examples) < 2 {
				t.Errorf("%s has %d examples, want at least 2", s.Name, len(s.Examples))
			}
			for _, ex := range s.Examples {
				examples++
				if err := commandtest.Check(t.Context(), builtin.All(commandtest.NewWorld().Deps()), ex); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
		}
	}
	for _, u := range expr.Utils() {
		if len(u.Examples) < 2 {
			t.Errorf("%s has %d examples, want at least 2", u.Name, len(u.Examples))
		}
	}
	t.Logf("%d commands, %d examples", commands, examples)
}

// TestEveryCommandHasASection: nothing that can be written in a pipeline is missing on the pages, and every
// link of the index leads to a heading.
func TestEveryCommandHasASection(t *testing.T) {
	t.Parallel()
	list, err := groups()
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, g := range list {
		var text bytes.Buffer
		groupPage(&text, g)
		for line := range strings.Lines(text.String()) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
				if sections[name] != "" {
					t.Errorf("%s has two sections", name)
				}
				sections[name] = g.page() + "#" + anchor(name)
			}
		}
	}
	specs := append(pipeline.FlowCommands(), pipeline.TriggerCommands()...)
	for _, d := range builtin.All(builtin.Deps{Now: commandtest.Now}) {
		specs = append(specs, d.Spec)
	}
	var index bytes.Buffer
	indexPage(&index, list)
	for _, s := range specs {
		if link := sections[s.Name]; link == "" || !strings.Contains(index.String(), "]("+link+")") {
			t.Errorf("%s has no section, or no link to it", s.Name)
		}
		delete(sections, s.Name)
	}
	for name := range sections {
		t.Errorf("the section %s is of no command", name)
	}
}

// TestWeakSpecsAreNoticed proves that the checks above can fail.
func TestWeakSpecsAreNoticed(t *testing.T) {
	t.Parallel()
	for name, ex := range map[string]command.Example{
		"another body":    {Title: "x", Pipeline: "pipeline:\n  - set: 1\n", Want: "2"},
		"another failure": {Title: "x", Pipeline: "pipeline:\n  - set: 1\n", WantCode: "command.type"},
		"no title":        {Pipeline: "pipeline:\n  - set: 1\n", Want: "1"},
		"no pipeline":     {Title: "x", Pipeline: "pipeline:\n  - sett: 1\n", Want: "1"},
	} {
		if err := commandtest.Check(t.Context(), builtin.All(commandtest.NewWorld().Deps()), ex); err == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

// TestNoDrift holds the pages in the tree to what would be written.
func TestNoDrift(t *testing.T) {
	t.Parallel()
	list, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		old, err := os.ReadFile(filepath.Join("../..", dir, p.name))
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := p.text()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(old, text) {
			t.Errorf("%s is not up to date: run `make generate`", p.name)
		}
	}
}
