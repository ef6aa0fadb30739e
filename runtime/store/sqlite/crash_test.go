package sqlite_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

const crashCallers = 16

// TestKill kills a process in the middle of its work, again and again over the same directory, and
// looks for everything that it had acknowledged.
func TestKill(t *testing.T) {
	t.Parallel()
	if args, ok := child.Args(); ok {
		workUntilKilled(t, args[0])
		return
	}
	dir := t.TempDir()
	var accepted, finished []string
	for range 6 {
		p := child.Start(t, nil, dir)
		before, finishedBefore := len(accepted), len(finished)
		collect := func() bool {
			line, ok := p.Line()
			kind, id, _ := strings.Cut(line, " ")
			switch kind {
			case "accepted":
				accepted = append(accepted, id)
			case "finished":
				finished = append(finished, id)
			}
			return ok
		}
		for range 100 + rand.IntN(1500) {
			if !collect() {
				t.Fatal("the child ended by itself")
			}
		}
		p.Kill()
		for collect() { // what was acknowledged before the kill is still in the pipe
		}
		if len(accepted) == before {
			t.Error("nothing was acknowledged")
		}
		checkKept(t, dir, accepted[before:], finished[finishedBefore:])
	}
	checkKept(t, dir, accepted, finished)
	t.Logf("%d events and %d finished runs acknowledged, none missing", len(accepted), len(finished))
}

func workUntilKilled(t *testing.T, dir string) {
	s := open(t, sqlite.Options{Dir: dir})
	report := child.Reporter()
	for i := range crashCallers {
		go func() {
			for n := 0; ; n++ {
				e := event.New("crash", now())
				e.Payload = payload(100 + rand.IntN(4000))
				if _, err := s.Accept(t.Context(), e, event.Dedupe{Scope: "crash", Key: e.ID, Until: now().Add(time.Hour)}); err != nil {
					panic(err)
				}
				if report("accepted "+e.ID) != nil {
					return
				}
				if n%2 == 0 {
					continue
				}
				r := run.Run{EventID: e.ID, Pipeline: "p", Status: run.Done, Attempt: i}
				if err := s.Save(t.Context(), store.Change{Run: &r, Settle: e.ID, At: now()}); err != nil {
					panic(err)
				}
				if report("finished "+e.ID) != nil {
					return
				}
			}
		}()
	}
	<-t.Context().Done()
}

// checkKept opens the directory and looks for each acknowledged id, whole and in its place, and that
// nothing was invented.
func checkKept(t *testing.T, dir string, accepted, finished []string) {
	t.Helper()
	s := open(t, sqlite.Options{Dir: dir})
	defer checkIntegrity(t, dir)
	defer s.Close()
	for _, id := range accepted {
		kept, err := s.Event(t.Context(), id)
		if err != nil {
			t.Fatalf("acknowledged event %s: %v", id, err)
		}
		if e, _, err := event.Unmarshal(kept.Data); err != nil || e.ID != id {
			t.Fatalf("acknowledged event %s: %v", id, err)
		}
	}
	for _, id := range accepted[max(0, len(accepted)-200):] { // the newest, which the kill could have torn from their events
		again, err := s.Accept(t.Context(), event.New("crash", now()), event.Dedupe{Scope: "crash", Key: id, Until: now().Add(time.Hour)})
		if err != nil || again.Fresh || again.EventID != id {
			t.Fatalf("dedupe key of %s: %+v, %v", id, again, err)
		}
	}
	for _, id := range finished {
		r, err1 := s.Run(t.Context(), id, "p")
		kept, err2 := s.Event(t.Context(), id)
		if err1 != nil || err2 != nil || r.Status != run.Done || kept.Settled.IsZero() {
			t.Fatalf("finished run of %s: %v, %v, %s, settled %v", id, err1, err2, r.Status, kept.Settled)
		}
	}
}
