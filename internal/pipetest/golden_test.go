package pipetest_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

var update = flag.Bool("update", false, "write the wanted texts of the golden files anew")

// open makes a runner over the files of a folder.
func open(t testing.TB, dir string, set ...string) *pipetest.Runner {
	t.Helper()
	config, err := configs.Load(configs.Sources{Set: append([]string{
		"pipelines.dir=" + filepath.Join(dir, "pipelines"), "webhooks.dir=" + filepath.Join(dir, "webhooks"), "plugins.dir=" + filepath.Join(dir, "plugins"),
		"store.dir=" + filepath.Join(dir, "data"),
	}, set...)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pipetest.Open(t.Context(), app.Params{
		Config: config, Logger: slog.New(slog.DiscardHandler), Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestGolden runs the test files of each archive. The file want holds what is said: the cases, then the faults of
// files that cannot be run, then, where there is a file coverage, what was not executed.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	cases := 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases += strings.Count(string(txtar.Format(archive)), "- name:")
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			want, shown := "", false
			out := txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				out.Files = append(out.Files, f)
				shown = shown || f.Name == "coverage"
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f.Name)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, f.Name), bytes.ReplaceAll(f.Data, []byte("<TAB>"), []byte("\t")), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := strings.ReplaceAll(outcome(t, dir, shown), dir+string(filepath.Separator), "")
			if diff := cmp.Diff(want, got); diff != "" && !*update {
				t.Error(diff)
			}
			if *update {
				out.Files = append(out.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(&out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if cases < 40 {
		t.Errorf("only %d cases", cases)
	}
}

func outcome(t *testing.T, dir string, coverage bool) string {
	t.Helper()
	files, err := pipetest.Find([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	report, err := open(t, dir).Run(t.Context(), files, pipetest.Options{})
	var b strings.Builder
	for _, f := range report.Files {
		for _, c := range f.Cases {
			fmt.Fprintf(&b, "%s %s", c.Outcome, c.Name)
			if c.Why != "" {
				fmt.Fprintf(&b, ": %s", c.Why)
			}
			b.WriteByte('\n')
			for _, line := range c.Lines() {
				b.WriteString(line + "\n")
			}
		}
	}
	var list fault.List
	if err != nil && !errors.As(err, &list) {
		t.Fatalf("the error is no list: %v", err)
	}
	for _, e := range list {
		fmt.Fprintf(&b, "%s\n    %s\n", e.Code, e)
	}
	if coverage {
		plans, total := report.Coverage()
		for _, p := range plans {
			fmt.Fprintf(&b, "%.0f%% %s %d/%d steps %d/%d branches\n", p.Percent(), p.Pipeline, p.StepsTaken, p.Steps, p.BranchesTaken, p.Branches)
			for _, m := range p.Missed {
				fmt.Fprintf(&b, "    %s %s\n", m.At, m.What)
			}
		}
		fmt.Fprintf(&b, "%.0f%%\n", total)
	}
	return b.String()
}
