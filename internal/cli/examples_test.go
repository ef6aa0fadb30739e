package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var commandLine = regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`)

// subcommands reads the names of the commands below path from their help.
func subcommands(t *testing.T, path []string) []string {
	t.Helper()
	got := pi(t, t.TempDir(), nil, "", append(slices.Clone(path), "--help")...)
	_, list, ok := strings.Cut(got.stdout, "Available Commands:")
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, "Flags:")
	var names []string
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	return names
}

// examples reads the lines under Examples of a command's help.
func examples(t *testing.T, path []string) []string {
	t.Helper()
	got := pi(t, t.TempDir(), nil, "", append(slices.Clone(path), "--help")...)
	_, text, _ := strings.Cut(got.stdout, "Examples:\n")
	text, _, _ = strings.Cut(text, "\n\n")
	text = regexp.MustCompile(`\\\n\s+`).ReplaceAllString(text, "")
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestExamplesAreRun holds every example of every help to the scripts, which run it.
func TestExamplesAreRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line, ok := strings.CutPrefix(strings.TrimSpace(line), "exec "); ok {
				run[strings.TrimSpace(strings.TrimSuffix(line, "&serve&"))] = true
			}
		}
	}
	paths, commands := [][]string{nil}, 0
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		for _, name := range subcommands(t, path) {
			if name != "help" {
				paths = append(paths, append(slices.Clone(path), name))
			}
		}
		lines := examples(t, path)
		if len(lines) == 0 {
			t.Errorf("pi %s has no example", strings.Join(path, " "))
		}
		for _, line := range lines {
			if !run[line] {
				t.Errorf("no script runs the example %q", line)
			}
		}
		commands++
	}
	if commands < 15 {
		t.Errorf("only %d commands were found", commands)
	}
}
