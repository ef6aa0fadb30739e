package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/penstock/penstock/internal/archtest"
)

func TestThisRepositoryKeepsTheRules(t *testing.T) {
	t.Parallel()
	files, err := archtest.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files found: the walk is broken", len(files))
	}
	for _, offence := range archtest.Check(files) {
		t.Error(offence)
	}
}

// TestEachRuleBites runs the rules over planted offences: each archive in testdata holds files and, in
// its comment, the wanted lines.
func TestEachRuleBites(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no planted offences: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree := fstest.MapFS{}
			for _, f := range archive.Files {
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			files, err := archtest.Load(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(archtest.Check(files), "\n")
			if want := strings.TrimSpace(string(archive.Comment)); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
