//go:build lint

package archtest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestLintBites runs golangci-lint with the project's configuration over planted offences. It is built
// with the tag lint only, because the linter takes minutes to build on a fresh machine; `make lint` runs it.
func TestLintBites(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile("testdata/lint/planted.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var wants []string
	for _, f := range archive.Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if _, text, ok := strings.Cut(line, "// want: "); ok {
				wants = append(wants, fmt.Sprintf("%s:%d\t%s", f.Name, i+1, text))
			}
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	find := exec.Command("go", "tool", "-modfile="+filepath.Join(root, "tools", "go.mod"), "-n", "golangci-lint")
	find.Env = append(os.Environ(), "GOWORK=off")
	find.Dir = root
	path, err := find.Output()
	if err != nil {
		t.Fatalf("finding golangci-lint: %v", err)
	}
	lint := exec.Command(strings.TrimSpace(string(path)), "run", "--config", filepath.Join(root, ".golangci.yml"),
		"--output.text.print-issued-lines=false", "--max-issues-per-linter=0", "--max-same-issues=0", "./...")
	lint.Dir, lint.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := lint.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Fatalf("golangci-lint reports nothing (%v):\n%s", err, out)
	}
	for _, want := range wants {
		place, text, _ := strings.Cut(want, "\t")
		found := false
		for line := range strings.SplitSeq(string(out), "\n") {
			found = found || strings.Contains(line, "/"+place+":") && strings.Contains(line, text)
		}
		if !found {
			t.Errorf("%s: not reported: %s", place, text)
		}
	}
	if t.Failed() {
		t.Logf("golangci-lint said:\n%s", out)
	}
}
