package lint_test

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

var update = flag.Bool("update", false, "write the wanted texts of the golden files anew")

// The cases of an archive are files of their own (NAME.pi.yaml, which stand alone) and folders (one set). What is
// wanted stands in NAME.want. A file webhooks in a folder lists event keys that webhooks make, with their payloadType.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../testdata/lint/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	cases := 0
	var all strings.Builder
	for _, name := range paths {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(txtar.Format(archive))
		cases += strings.Count("\n"+string(txtar.Format(archive)), ".want --\n")
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			goldenFile(t, name, archive)
		})
	}
	for _, r := range lint.Rules() {
		if !strings.Contains(all.String(), "["+string(r.Code)+"]") {
			t.Errorf("the rule %s bites in no case", r.Code)
		}
	}
	if least := 120; cases < least && !*update {
		t.Errorf("there are %d cases, at least %d are wanted", cases, least)
	}
}

func goldenFile(t *testing.T, name string, archive *txtar.Archive) {
	out := txtar.Archive{Comment: archive.Comment}
	texts := map[string]string{}
	for _, f := range archive.Files {
		texts[f.Name] = string(f.Data)
	}
	done := map[string]bool{}
	for i, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".want") {
			continue
		}
		stem, dir := caseOf(f.Name)
		out.Files = append(out.Files, f)
		if last := i+1 == len(archive.Files); done[stem] || !last && inCase(archive.Files[i+1].Name, stem, dir) {
			continue
		}
		done[stem] = true
		s := setup(t)
		var files []lint.File
		for _, g := range archive.Files {
			switch {
			case g.Name == stem+"/webhooks":
				for line := range strings.Lines(string(g.Data)) {
					key, payload, _ := strings.Cut(strings.TrimSpace(line), " ")
					s.Events = append(s.Events, lint.Source{Key: key, What: "the webhook leads", Payload: payload})
				}
			case inCase(g.Name, stem, dir) && !strings.HasSuffix(g.Name, ".want"):
				in := lint.File{Name: g.Name, Text: string(g.Data)}
				if dir {
					in.Dir = stem
				}
				files = append(files, in)
			}
		}
		got := told(lint.Check(files, s), texts)
		if diff := cmp.Diff(texts[stem+".want"], got); diff != "" && !*update {
			t.Errorf("%s: %s", stem, diff)
		}
		out.Files = append(out.Files, txtar.File{Name: stem + ".want", Data: []byte(got)})
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(&out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func caseOf(name string) (stem string, dir bool) {
	if front, _, found := strings.Cut(name, "/"); found {
		return front, true
	}
	stem, _ = strings.CutSuffix(name, pipeline.Suffix)
	stem, _ = strings.CutSuffix(stem, pipeline.SuffixJSON)
	return stem, false
}

func inCase(name, stem string, dir bool) bool {
	if dir {
		return strings.HasPrefix(name, stem+"/")
	}
	return name == stem+pipeline.Suffix || name == stem+pipeline.SuffixJSON
}

// TestRuleExamples: what is documented as bad has the finding, what is documented as good has not; and a fix that
// is offered takes the finding away.
func TestRuleExamples(t *testing.T) {
	t.Parallel()
	for _, r := range lint.Rules() {
		t.Run(string(r.Code), func(t *testing.T) {
			t.Parallel()
			bad := check(t, r.Bad)
			if n := count(bad, r); n == 0 {
				t.Errorf("nothing is found in the bad example:\n%s", told(bad, nil))
			}
			if good := check(t, r.Good); count(good, r) != 0 {
				t.Errorf("found in the good example:\n%s", told(good, nil))
			}
			for _, f := range bad {
				if f.Severity == lint.Error && f.Code != r.Code {
					t.Errorf("the bad example has another error: %s", told([]lint.Finding{f}, nil))
				}
				if f.Code == r.Code && f.Severity != r.Severity {
					t.Errorf("the severity is %s, not %s", f.Severity, r.Severity)
				}
				if f.Code != r.Code || f.Fix == nil {
					continue
				}
				mended := r.Bad
				mended.Text = apply(r.Bad.Text, f.Fix)
				if after := check(t, mended); count(after, r) >= count(bad, r) {
					t.Errorf("the fix %q leaves:\n%s\n%s", f.Fix.Title, mended.Text, told(after, nil))
				}
			}
		})
	}
}

func check(t testing.TB, e lint.Example) []lint.Finding {
	files := []lint.File{{Name: "example.pi.yaml", Text: e.Text, Dir: "."}}
	for name, text := range e.Beside {
		files = append(files, lint.File{Name: path.Join(name), Text: text, Dir: "."})
	}
	s := setup(t)
	s.Events = e.Events
	return lint.Check(files, s)
}

func count(found []lint.Finding, r *lint.Rule) (n int) {
	for _, f := range found {
		if f.Code == r.Code {
			n++
		}
	}
	return n
}

// apply makes the edits of a fix.
func apply(text string, fix *lint.Fix) string {
	lines := strings.Split(text, "\n")
	for _, e := range fix.Edits {
		head := string([]rune(lines[e.Pos.Line-1])[:e.Pos.Column-1])
		tail := string([]rune(lines[e.End.Line-1])[e.End.Column-1:])
		lines = append(append(lines[:e.Pos.Line-1:e.Pos.Line-1], strings.Split(head+e.Text+tail, "\n")...), lines[e.End.Line:]...)
	}
	return strings.Join(lines, "\n")
}
