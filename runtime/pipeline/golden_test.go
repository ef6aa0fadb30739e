package pipeline_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

var update = flag.Bool("update", false, "write the wanted texts of the golden files anew")

// golden hands every file name ending in .pi.yaml or .pi.json of an archive, with the other files of the same stem, to
// answer, and compares what comes back with the file stem+".want".
func golden(t *testing.T, pattern string, answer func(t *testing.T, file string, src []byte, more map[string]string) string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			out := txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				stem, isInput := strings.CutSuffix(f.Name, pipeline.Suffix)
				if !isInput {
					stem, isInput = strings.CutSuffix(f.Name, pipeline.SuffixJSON)
				}
				if !isInput {
					if !strings.HasSuffix(f.Name, ".want") {
						out.Files = append(out.Files, f)
					}
					continue
				}
				more := map[string]string{}
				for name, text := range files {
					if part, ok := strings.CutPrefix(name, stem+"."); ok {
						more[part] = text
					}
				}
				got := answer(t, f.Name, f.Data, more)
				out.Files = append(out.Files, f, txtar.File{Name: stem + ".want", Data: []byte(got)})
				if diff := cmp.Diff(more["want"], got); diff != "" && !*update {
					t.Errorf("%s: %s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(&out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestFaults: the wanted text is every fault with its code, then every warning.
func TestFaults(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/faults/*.txt", func(t *testing.T, file string, src []byte, _ map[string]string) string {
		text := strings.ReplaceAll(string(src), "<TAB>", "\t")
		p, err := pipeline.Load(file, []byte(text), deps(t, &world{}))
		var b strings.Builder
		var list fault.List
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("%s: the error is no list: %v", file, err)
		}
		for _, e := range list {
			fmt.Fprintf(&b, "%s\n    %s\n", e.Code, e)
		}
		if p != nil {
			for _, e := range p.Warnings {
				fmt.Fprintf(&b, "warning %s\n    %s\n", e.Code, e)
			}
			b.WriteString("ok\n")
		}
		return b.String()
	})
}

// TestRuns: the wanted text is the steps, then the final body or the fault.
func TestRuns(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/run/*.txt", func(t *testing.T, file string, src []byte, more map[string]string) (text string) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{fails: 2}
			p, err := pipeline.Load(file, src, deps(t, w))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			e := event.New("webhook.lead.created", now())
			e.ID, e.TraceID, e.CorrelationID = "event-1", "trace-1", "correlation-1"
			in := pipeline.Input{RunID: "event-1:a", Event: e, Now: time.Now, Timeout: time.Minute}
			if body, given := more["body"]; given {
				in.HasBody = true
				if in.Body, err = value.Decode([]byte(body)); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			}
			out, err := p.Run(t.Context(), in)
			text = steps(out)
			if err != nil {
				text += fmt.Sprintf("at step %d: %s\n    %s\n", out.Step, fault.CodeOf(err), err)
				return
			}
			body, err := value.AppendJSON(nil, out.Body)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			text += string(body) + "\n"
		})
		return text
	})
}
