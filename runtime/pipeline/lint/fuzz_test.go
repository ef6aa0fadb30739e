package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// FuzzCheck: nothing panics, every place lies inside the file and ends behind its beginning, the order is that of the
// places, every finding has a severity and a message, and the second look gives the same.
func FuzzCheck(f *testing.F) {
	paths, err := filepath.Glob("../testdata/lint/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds")
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, one := range txtar.Parse(data).Files {
			if !strings.HasSuffix(one.Name, ".want") {
				f.Add(string(one.Data), strings.HasSuffix(one.Name, ".json"))
			}
		}
	}
	s := setup(f)
	f.Fuzz(func(t *testing.T, text string, json bool) {
		name := map[bool]string{false: "d/a.pi.yaml", true: "d/a.pi.json"}[json]
		files := []lint.File{{Name: name, Text: text, Dir: "d"}, {Name: "d/b.pi.yaml", Text: "pipeline:\n  - pipeline.run: {path: a, vars: {x: 1}}\n", Dir: "d"}}
		l := lint.New(s)
		found := l.Check(files)
		if again := l.Check(files); told(found, nil) != told(again, nil) {
			t.Errorf("first:\n%s\nthen:\n%s", told(found, nil), told(again, nil))
		}
		lines := map[string][]string{name: lint.Lines(text), "d/b.pi.yaml": lint.Lines(files[1].Text)}
		var before fault.Position
		for _, one := range found {
			switch {
			case one.Message == "" || one.Code == "" || !one.Severity.AtLeast(lint.Hint) || one.Severity == "":
				t.Errorf("incomplete: %+v", one)
			case one.Pos.File == before.File && (one.Pos.Line < before.Line || one.Pos.Line == before.Line && one.Pos.Column < before.Column):
				t.Errorf("%v stands behind %v", one.Pos, before)
			}
			before = one.Pos
			inside(t, lines, one.Pos)
			inside(t, lines, one.End)
			if one.End.Line < one.Pos.Line || one.End.Line == one.Pos.Line && one.End.Column < one.Pos.Column {
				t.Errorf("it ends at %v, in front of %v", one.End, one.Pos)
			}
			if one.Fix != nil {
				for _, e := range one.Fix.Edits {
					inside(t, lines, e.Pos)
					inside(t, lines, e.End)
				}
			}
			lint.Snippet(lint.Mask(one.Pos.File, lines[one.Pos.File], found), one.Pos, one.End)
		}
	})
}

func inside(t *testing.T, lines map[string][]string, pos fault.Position) {
	t.Helper()
	of := lines[pos.File]
	if pos.Line == 0 && pos.Column == 0 && of != nil { // the file as a whole
		return
	}
	if pos.Line < 1 || pos.Line > len(of) || pos.Column < 1 || pos.Column > utf8.RuneCountInString(of[pos.Line-1])+1 {
		t.Errorf("%v is not in the file", pos)
	}
}
