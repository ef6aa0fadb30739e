package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// TestRules: codes are stable names, each once, and nothing of the description is missing.
func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[fault.Code]bool{}
	for _, r := range lint.Rules() {
		if seen[r.Code] || !strings.HasPrefix(string(r.Code), "lint.") || strings.Count(string(r.Code), ".") != 2 {
			t.Errorf("%s is no code, or stands for two rules", r.Code)
		}
		seen[r.Code] = true
		if !slices.Contains(lint.Severities(), r.Severity) || r.Summary == "" || r.Why == "" || r.Bad.Text == "" || r.Good.Text == "" {
			t.Errorf("%s is not described", r.Code)
		}
		if strings.HasSuffix(r.Summary, ".") || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%s: the summary is a line without a full stop, the reason is sentences", r.Code)
		}
	}
}

// TestLongCircle: a way through a great many pipelines is not told in full.
func TestLongCircle(t *testing.T) {
	t.Parallel()
	var files []lint.File
	for i := range 2000 {
		files = append(files, lint.File{Dir: "p", Name: fmt.Sprintf("p/a%d.pi.yaml", i), Text: fmt.Sprintf("pipeline:\n  - pipeline.run: a%d\n", (i+1)%2000)})
	}
	found := lint.Check(files, setup(t))
	if len(found) != 2000 || found[0].Message != "this pipeline runs itself again, through many others" {
		t.Errorf("%d findings, %s", len(found), told(found[:1], nil))
	}
}

// TestAgain: a linter gives the same for files that did not change, and judges those that did, and those that depend on them.
func TestAgain(t *testing.T) {
	t.Parallel()
	l := lint.New(setup(t))
	a := lint.File{Dir: ".", Name: "a.pi.yaml", Text: "pipeline:\n  - pipeline.run: b\n"}
	b := lint.File{Dir: ".", Name: "b.pi.yaml", Text: "pipeline:\n  - log: x\n"}
	codes := func(files ...lint.File) (out []string) {
		for _, f := range l.Check(files) {
			out = append(out, f.Pos.File+" "+string(f.Code))
		}
		return out
	}
	for i, c := range []struct {
		files []lint.File
		want  []string
	}{
		{[]lint.File{a, b}, nil},
		{[]lint.File{a}, []string{"a.pi.yaml pipeline.unknown"}},
		{[]lint.File{a, {Dir: ".", Name: "b.pi.yaml", Text: "pipeline:\n  - logg: x\n"}}, []string{"b.pi.yaml command.unknown"}},
		{[]lint.File{b, a}, nil},
		{[]lint.File{b, a}, nil},
	} {
		if diff := cmp.Diff(c.want, codes(c.files...)); diff != "" {
			t.Errorf("look %d: %s", i+1, diff)
		}
	}
}

// TestReadDir: what the server would load is read, and what it would refuse is told.
func TestReadDir(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	files, found := lint.ReadDir(fstest.MapFS{
		"a.pi.yaml": file("a"), "sub/b.pi.json": file("b"), "c.pi.yml": file("c"), ".hidden/d.pi.yaml": file("d"),
		".e.pi.yaml": file("e"), "readme.md": file("f"), "dir.pi.yaml/x": file("g"),
	}, "p")
	want := []lint.File{{Name: "p/a.pi.yaml", Text: "a", Dir: "p"}, {Name: "p/sub/b.pi.json", Text: "b", Dir: "p"}}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	if len(found) != 1 || found[0].Pos.File != "p/c.pi.yml" || found[0].Severity != lint.Error {
		t.Error(told(found, nil))
	}
}

// TestSnippet: marks stand below what is meant, whatever the line holds.
func TestSnippet(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 300) + "here" + strings.Repeat("b", 300)
	for name, c := range map[string]struct {
		line            string
		from, to        int
		wantLine, marks string
	}{
		"a word":            {"  - logg: x", 5, 9, "  - logg: x", "    ^^^^"},
		"characters":        {"  - ä𝄞: x", 5, 7, "  - ä𝄞: x", "    ^^"},
		"a tab":             {"\tlogg: x", 2, 6, " logg: x", " ^^^^"},
		"behind the end":    {"ab", 3, 3, "ab", "  ^"},
		"nothing":           {"", 1, 1, "", "^"},
		"an empty place":    {"abc", 2, 2, "abc", " ^"},
		"far in a long one": {long, 301, 305, strings.Repeat("a", 60) + "here" + strings.Repeat("b", 76), strings.Repeat(" ", 60) + "^^^^"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, marks := lint.Snippet([]string{c.line}, fault.Position{Line: 1, Column: c.from}, fault.Position{Line: 1, Column: c.to})
			if line != c.wantLine || marks != c.marks {
				t.Errorf("\n%s\n%s\nwant\n%s\n%s", line, marks, c.wantLine, c.marks)
			}
		})
	}
}
