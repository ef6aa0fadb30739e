package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryRuleHasAnOffence fails when a fence or a denial was added without a planted offence.
func TestEveryRuleHasAnOffence(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var planted strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		wanted, _, _ := strings.Cut(string(text), "\n-- ")
		planted.WriteString(wanted)
	}
	for _, f := range fences {
		if !strings.Contains(planted.String(), "imports "+f.library) {
			t.Errorf("no planted offence against the fence around %s", f.library)
		}
	}
	for _, way := range outbound {
		for _, name := range way.names {
			if line := "uses " + way.library + "." + name + ";"; !strings.Contains(planted.String(), line) {
				t.Errorf("no planted offence that %s", line)
			}
		}
		if len(way.names) == 0 && !strings.Contains(planted.String(), "uses "+way.library+";") {
			t.Errorf("no planted offence that uses %s", way.library)
		}
	}
	for _, d := range denied {
		if !strings.Contains(planted.String(), d.why) {
			t.Errorf("no planted offence against %s importing %s", d.from, d.to)
		}
	}
}
