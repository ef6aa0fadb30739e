package app_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// TestKillNine kills a whole server under load again and again. What was acknowledged must be processed
// in the end, and a run that was finished before a kill must never be executed again.
func TestKillNine(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	const kills, callers = 20, 16
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	done := map[string]bool{}
	repeated := 0
	var s *server
	for i := range kills + 1 {
		s = startServer(t, dir)
		if i == 0 {
			s.putWebhook(t)
		}
		if i == kills {
			break
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		time.AfterFunc(time.Duration(50+rand.N(150))*time.Millisecond, func() { s.Kill(); stop() })
		for _, id := range s.load(ctx, callers) {
			acknowledged[id] = true
		}
		<-ctx.Done()
		s.read.Wait()
		for id := range s.executed {
			if done[id] {
				repeated++
			}
		}
		done, _ = finished(t, dir)
	}
	s.settle(t)
	s.Kill()
	s.read.Wait()
	for id := range s.executed {
		if done[id] {
			repeated++
		}
	}
	done, _ = finished(t, dir)
	lost := 0
	for id := range acknowledged {
		if !done[id] {
			lost++
		}
	}
	t.Logf("%d kills: acknowledged %d, processed %d, lost %d, finished runs repeated %d", kills, len(acknowledged), len(done), lost, repeated)
	if len(acknowledged) < 20*kills {
		t.Errorf("only %d events were acknowledged: there was no load", len(acknowledged))
	}
	if lost > 0 || repeated > 0 {
		t.Errorf("lost %d, finished runs repeated %d; want none", lost, repeated)
	}
}
