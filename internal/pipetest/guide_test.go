package pipetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/pipetest"
)

var block = regexp.MustCompile("(?ms)^```(yaml|text)\n(.*?)^```$")

// TestGuide runs the files of the guide. Those that say so fail, with the text that follows them.
func TestGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wanted := map[string]string{} // what a failing file says
	failing, cases := "", 0
	for _, m := range block.FindAllStringSubmatch(string(guide), -1) {
		first, rest, _ := strings.Cut(m[2], "\n")
		name, isFile := strings.CutPrefix(first, "# ")
		name, fails := strings.CutSuffix(name, ", which fails")
		switch {
		case m[1] == "text" && failing != "":
			wanted[failing], failing = m[2], ""
		case m[1] == "text" || !isFile:
			t.Errorf("a block is neither a file nor what one says: %s", first)
		default:
			if fails {
				failing = name
			}
			cases += strings.Count(rest, "- name:")
			if err := os.WriteFile(filepath.Join(dir, name), []byte(rest), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := pipetest.Find([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	report, err := open(t, dir).Run(t.Context(), files, pipetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, f := range report.Files {
		said := ""
		for _, c := range f.Cases {
			ran++
			if c.Outcome != pipetest.Passed {
				said += fmt.Sprintf("FAIL %s:%d: %s\n%s\n", c.File, c.Line, c.Name, strings.Join(c.Lines(), "\n"))
			}
		}
		said = strings.ReplaceAll(said, dir+string(filepath.Separator), "")
		if want := wanted[filepath.Base(f.Path)]; said != want {
			t.Errorf("%s says\n%s, not\n%s", f.Path, said, want)
		}
	}
	if ran != cases || ran < 8 || len(wanted) != 1 {
		t.Errorf("%d of %d cases ran, %d files fail", ran, cases, len(wanted))
	}
}
