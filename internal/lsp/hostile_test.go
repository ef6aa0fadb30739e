package lsp

import (
	"strings"
	"testing"
	"time"
)

// TestHostile: texts that nobody types cost little. The deadline is against what grows with the square of the
// size, which would take minutes here.
func TestHostile(t *testing.T) {
	t.Parallel()
	const size, patience = 64 << 10, 2 * time.Minute
	words := newVocabulary(options(t).Registry, form())
	files := newWorkspace(words, "/w")
	done := make(chan string)
	go func() {
		defer close(done)
		for name, unit := range map[string]string{
			"brackets": "[", "braces": "{a: ", "both": "{[", "quotes": "\"", "lines": "a: 1\n", "steps": "- log: x\n", "steps in a line": "log, ",
			"expressions": "${a", "names": "a.b",
		} {
			for _, front := range []string{"pipeline:\n", "pipeline: [set: ä, ", "pipeline:\n  - set: \"${"} {
				tx := newText(front + strings.Repeat(unit, size/len(unit)))
				d := &document{uri: "file:///w/a.pi.yaml", path: "/w/a.pi.yaml", text: tx}
				c := completer{words: words, around: view{files, d}, text: tx, offset: len(tx.s)}
				c.complete(d.path)
				words.hover(d.path, tx, len(tx.s))
				words.refers(d.path, tx, len(tx.s)/2)
				words.symbols(d.path, tx)
			}
			done <- name
		}
	}()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	last := "nothing"
	for {
		select {
		case name, more := <-done:
			if !more {
				return
			}
			last = name
		case <-deadline.C:
			t.Fatalf("%s was the last to end", last)
		}
	}
}
