package sqlite_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

func now() time.Time { return time.Now() }

// payload is a JSON text of that many bytes.
func payload(size int) []byte {
	return append(append([]byte{'"'}, bytes.Repeat([]byte("x"), size-2)...), '"')
}

func TestABrokenWriteHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Options{Dir: t.TempDir()})
	defer s.Close()
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for range 20 {
				if i%4 == 0 {
					if err := s.WriteBroken(t.Context()); fault.CodeOf(err) != fault.StoreUnavailable {
						t.Errorf("a broken write: %v", err)
					}
					continue
				}
				e := event.New("a", now())
				got, err := s.Accept(t.Context(), e, event.Dedupe{Scope: "s", Key: e.ID, Until: now().Add(time.Hour)})
				if err != nil || !got.Fresh {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
	if err := s.Health(); err != nil {
		t.Error(err)
	}
	kept, err := s.Unsettled(t.Context(), 0, 10_000)
	if err != nil || len(kept) != 48*20 {
		t.Errorf("%d events are kept (%v), want %d", len(kept), err, 48*20)
	}
}

// A disk that fails once and then works again is not believed.
func TestAFailedStoreStaysFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	first := event.New("a", now())
	if _, err := s.Accept(t.Context(), first, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	for _, write := range []func() error{
		func() error { return s.WriteRuined(t.Context()) },
		func() error { _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); return err },
		s.Health,
	} {
		err := write()
		if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.StoreUnavailable || !retry || fault.HintOf(err) == "" {
			t.Errorf("got %v", err)
		}
	}
	if _, err := s.Event(t.Context(), first.ID); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	if kept, err := s.Unsettled(t.Context(), 0, 10); err != nil || len(kept) != 1 {
		t.Errorf("%d events are kept (%v), want the first one", len(kept), err)
	}
}

// TestTheLogIsBounded writes while reads overlap without a gap, which keeps SQLite by itself from
// starting its log over.
func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	const page, soft, hard, writes, size, callers = 4096, 200, 800, 400, 64 << 10, 4
	s.LimitWAL(soft, hard)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Events(t.Context(), store.EventQuery{Limit: 20}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range callers {
		writers.Go(func() {
			for range writes / callers {
				e := event.New("a", now())
				e.Payload = payload(size)
				if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	const most = hard*page + 2*callers*size // the transaction that finds the log at its limit comes on top
	if grown := written(t, dir); grown > most {
		t.Errorf("the log has %d bytes of %d written, at most %d are allowed", grown, writes*size, most)
	}
}
