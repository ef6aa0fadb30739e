package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
)

// buffer is a log that many goroutines write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// telltale is a command that tells what it must not: its secret parameter, and one that the process knows.
func telltale(known string) command.Definition {
	return command.Definition{
		Spec: command.Spec{Name: "test.login", Effect: true, Params: []command.Param{
			{Name: "phrase", Type: command.TypeText, Secret: true}, {Name: "headers", Type: command.TypeMap}, {Name: "url", Type: command.TypeText},
		}},
		Command: command.Func(func(_ context.Context, c command.Call) (command.Result, error) {
			text, _ := c.Args["phrase"].(string)
			c.Logger.Info("trying "+text, "with", known) //nolint:sloglint // plugins do so
			return command.Result{}, fault.Wrap(fault.PluginFailed, fmt.Errorf("no %s", known), "%s is wrong", text)
		}),
	}
}

// A secret that a step used is nowhere in the files of the store and in the log, whatever is recorded.
func TestSecretsAreNotRecorded(t *testing.T) {
	t.Parallel()
	// They are computed, because what stands in a file is kept with the file.
	hash := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	marked, known, header := hash("marked"), hash("known"), hash("header")
	for _, of := range []run.Recording{run.RecordNone, run.RecordFailures, run.RecordAll} {
		t.Run(string(of), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.more = []command.Definition{telltale(known)}
			scrub := secret.NewScrubber()
			scrub.Add(known)
			log := &buffer{}
			dir := t.TempDir()
			w.start(dir, engine.Options{
				Record: of, Scrub: scrub.Scrub, Logger: slog.New(scrub.Handler(slog.NewJSONHandler(log, nil))),
			}, map[string]string{"lead": "pipeline:\n  - event.listen: lead\n  - body.set: {value: seen}\n" +
				"  - test.login: {phrase: \"${@hash.sha256('marked')}\", url: \"https://x/?k=${@hash.sha256('known')}\", " +
				"headers: {Authorization: \"Bearer ${@hash.sha256('header')}\"}, onError: LOG}\n" +
				"  - test.login: {phrase: \"${@hash.sha256('marked')}\", headers: {authorization: \"${@hash.sha256('header')}\"}}\n"})
			r := w.run(w.emit("lead"), "lead", run.Dead)
			if want := "[redacted] is wrong: no [redacted]"; !strings.Contains(r.Message, want) {
				t.Errorf("the message is %q, want %q in it", r.Message, want)
			}
			has := 0
			for _, s := range r.Steps {
				if s.Input != nil {
					has++
				}
			}
			if want := map[run.Recording]int{run.RecordNone: 0, run.RecordFailures: 2, run.RecordAll: 3}[of]; has != want {
				t.Errorf("%d steps have values, want %d", has, want)
			}
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%v, %v", files, err)
			}
			all := []byte(log.String())
			for _, name := range files {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, text...)
			}
			if !bytes.Contains(all, []byte("[redacted] is wrong")) {
				t.Fatal("the files hold nothing of the run: this test proves nothing")
			}
			for _, canary := range []string{marked, known, header} {
				if bytes.Contains(all, []byte(canary)) {
					t.Errorf("%q is in the files or in the log", canary)
				}
			}
		})
	}
}

// What was recorded before a step with an effect is kept when the process ends right behind it.
func TestRecordSurvivesACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	stop := w.start(dir, engine.Options{Record: run.RecordAll, Grace: time.Millisecond}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - set: {value: 7}\n  - test.effect: one\n  - test.wait\n  - set: {value: 8}\n",
	})
	e := w.emit("lead")
	r := w.run(e, "lead", run.Running)
	if len(r.Steps) != 2 || string(r.Steps[0].Output) != "7" || string(r.Steps[1].Output) != `"one done"` {
		t.Fatalf("the record of a run in its middle is %+v", r.Steps)
	}
	stop() // the wait is interrupted and nothing more is recorded
	again := newWorld(t)
	close(again.block)
	again.start(dir, engine.Options{Record: run.RecordAll}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - set: {value: 7}\n  - test.effect: one\n  - test.wait\n  - set: {value: 8}\n",
	})
	r = again.run(e, "lead", run.Done)
	var indices []int
	for _, s := range r.Steps {
		indices = append(indices, s.Index)
	}
	if fmt.Sprint(indices) != "[0 1 2 3]" || string(r.Steps[3].Output) != "8" || string(r.Steps[0].Output) != "7" || again.count("one") != 0 {
		t.Errorf("steps %v: %+v", indices, r.Steps)
	}
}

// All attempts of a run share the room for recorded values.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["x"] = 1000
	w.start(t.TempDir(), engine.Options{Record: run.RecordAll, RecordLimit: 64, Attempts: 40, Backoff: time.Microsecond, MaxBackoff: time.Microsecond},
		map[string]string{"lead": "pipeline:\n  - event.listen: lead\n  - set: " + strings.Repeat("y", 60) + "\n  - test.step: {value: x}\n"})
	r := w.run(w.emit("lead"), "lead", run.Dead)
	size := 0
	for _, s := range r.Steps {
		var in run.Input
		if err := json.Unmarshal(s.Input, &in); err != nil {
			t.Fatalf("%s: %v", s.Input, err)
		}
		size += len(in.Body) + len(in.Params) + len(in.Vars)
	}
	if len(r.Steps) != 41 || size > 64*64+41*3*40 {
		t.Errorf("%d steps hold %d bytes of values", len(r.Steps), size)
	}
}
