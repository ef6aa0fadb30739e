package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

const fine = "pipeline:\n  - log\n"

func files(texts map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestLoadDir(t *testing.T) {
	t.Parallel()
	d := deps(t, &world{})
	d.Dir = "pipelines"
	plans, err := pipeline.LoadDir(files(map[string]string{
		"lead.pi.yaml":            "pipeline:\n  - log\n  - set: {value: 1, id: one}\n",
		"sales/order.pi.yaml":     fine,
		"README.md":               "not a pipeline",
		"other.yaml":              "neither: [",
		"..data/hidden.pi.yaml":   "{",
		".hidden.pi.yaml":         "{",
		"sales/deep/er/a.pi.yaml": fine,
	}), d)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range plans {
		got = append(got, p.Name()+" "+p.File())
	}
	want := []string{
		"lead pipelines/lead.pi.yaml", "sales.deep.er.a pipelines/sales/deep/er/a.pi.yaml", "sales.order pipelines/sales/order.pi.yaml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	steps := []pipeline.StepInfo{
		{Parent: -1, Index: 0, Command: "log", Pos: fault.Position{File: "pipelines/lead.pi.yaml", Line: 2, Column: 5}},
		{Parent: -1, Index: 1, Command: "set", ID: "one", Pos: fault.Position{File: "pipelines/lead.pi.yaml", Line: 3, Column: 5}},
	}
	if diff := cmp.Diff(steps, plans[0].Steps()); diff != "" {
		t.Error(diff)
	}
	if a, b := plans[1].Version(), plans[2].Version(); a != b || a == plans[0].Version() || len(a) != 12 {
		t.Errorf("versions %q, %q, %q: equal texts have equal ones", plans[0].Version(), a, b)
	}
}

func TestLoadDirReportsEverything(t *testing.T) {
	t.Parallel()
	plans, err := pipeline.LoadDir(files(map[string]string{
		"fine.pi.yaml":   fine,
		"b/x.pi.yaml":    fine,
		"b.x.pi.yaml":    fine,
		"c.pi.yaml":      "pipeline:\n  - lgo\nbody: [\n",
		"d.pi.yaml":      "pipeline:\n  - lgo\nbdy: 1\n",
		"e.pi.yml":       fine,
		"Big.pi.yaml":    fine,
		"a..b.pi.yaml":   fine,
		"huge.pi.yaml":   fine + strings.Repeat("#", pipeline.MaxSize),
		"bytes.pi.yaml":  "pipeline:\n  - log: \xff\n",
		"f\x00o.pi.yaml": fine,
	}), deps(t, &world{}))
	if plans != nil {
		t.Error("some plans were loaded")
	}
	want := strings.TrimSpace(`
Big.pi.yaml: "Big" cannot be the name of a pipeline; name the file with 1 to 64 of a-z 0-9 . _ - in front of .pi.yaml, beginning with a letter or digit
a..b.pi.yaml: "a..b" cannot be the name of a pipeline; name the file with 1 to 64 of a-z 0-9 . _ - in front of .pi.yaml, beginning with a letter or digit
b.x.pi.yaml: the pipeline b.x is already defined by b/x.pi.yaml; rename one of the files
bytes.pi.yaml:2:1: the text is not UTF-8
c.pi.yaml:3:1: a value is missing, or a list or map in brackets has no end
d.pi.yaml:2:5: unknown command "lgo"; did you mean "log"?
d.pi.yaml:3:1: unknown section "bdy"; did you mean "body"?
e.pi.yml: a pipeline file ends in .pi.yaml; rename the file
f` + "\x00" + `o.pi.yaml: "f\x00o" cannot be the name of a pipeline; name the file with 1 to 64 of a-z 0-9 . _ - in front of .pi.yaml, beginning with a letter or digit
huge.pi.yaml:1:1: the file is larger than 256 KiB
`)
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	var list fault.List
	if !errors.As(err, &list) || list[2].Code != fault.PipelineDuplicate {
		t.Errorf("%v", list)
	}
}

// TestLoadDirStaysInside: through an os.Root no link leads out, and links inside work.
func TestLoadDirStaysInside(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "pipelines")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "..2026"), 0o755),
		os.WriteFile(filepath.Join(top, "outside.pi.yaml"), []byte(fine), 0o600),
		os.WriteFile(filepath.Join(dir, "..2026", "mounted.pi.yaml"), []byte(fine), 0o600),
		os.Symlink("..2026", filepath.Join(dir, "..data")),
		os.Symlink("..data/mounted.pi.yaml", filepath.Join(dir, "mounted.pi.yaml")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	load := func() ([]*pipeline.Plan, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		return pipeline.LoadDir(root.FS(), deps(t, &world{}))
	}
	plans, err := load()
	if err != nil || len(plans) != 1 || plans[0].Name() != "mounted" {
		t.Fatalf("%v, %v", plans, err)
	}
	for _, target := range []string{"../outside.pi.yaml", filepath.Join(top, "outside.pi.yaml"), "nowhere.pi.yaml"} {
		link := filepath.Join(dir, "link.pi.yaml")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		plans, err := load()
		if fault.CodeOf(err) != fault.PipelineRead || plans != nil {
			t.Errorf("%s: %v, %v", target, plans, err)
		}
		if err != nil && strings.Contains(err.Error(), top) {
			t.Errorf("the error shows a path outside: %v", err)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.pi.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(); fault.CodeOf(err) != fault.PipelineRead || err.Error() != "pipe.pi.yaml: reading the pipeline: it is not a regular file" {
		t.Errorf("a named pipe: %v", err)
	}
	if _, err := pipeline.LoadDir(os.DirFS(filepath.Join(top, "none")), deps(t, &world{})); fault.CodeOf(err) != fault.PipelineRead {
		t.Errorf("no directory: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "lead", "0", "lead.created", "a-b_c.d", strings.Repeat("a", 64)} {
		if doc, err := pipeline.Parse("dir/"+good+pipeline.Suffix, []byte(fine)); err != nil || doc.Name() != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ".", "..", "...", "a..b", "..a", "a..", ".a", "-a", "_a", "A", "lEad", "a b", " a", "a ", "a\x00", "a\n", "\ta", "a\\b", `..\..\x`,
		"..%2f", "a%00", "a*", "a?", "a:b", "c:", "~", "$a", "a|b", "a;b", "a'b", `a"b`, "ä", "a\u202eb", "․․", "a／b", "\\\\host\\x",
		strings.Repeat("a", 65), "\xff",
	} {
		_, err := pipeline.Parse(bad+pipeline.Suffix, []byte(fine))
		if fault.CodeOf(err) != fault.PipelineInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestMessagePrefix: the message of an event has its key with the prefix that is set in front.
func TestMessagePrefix(t *testing.T) {
	t.Parallel()
	d := deps(t, &world{})
	d.MessagePrefix = "acme."
	p, err := pipeline.Load("a.pi.yaml", []byte("headers: {description: Leads}\npipeline:\n  - message.receive: {key: acme.webhook.*}\n"), d)
	if err != nil || p.Trigger().String() != "message.receive acme.webhook.*" || p.Description() != "Leads" {
		t.Fatalf("%v, %v", p, err)
	}
	e := event.New("webhook.lead", now())
	if match, err := p.Trigger().Match(t.Context(), e, nil); !match || err != nil {
		t.Errorf("the event does not match: %v", err)
	}
	e.Message = true
	if match, _ := p.Trigger().Match(t.Context(), e, nil); match {
		t.Error("a message with the key of the event matches")
	}
}
