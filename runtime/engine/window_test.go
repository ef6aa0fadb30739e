package engine

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestWindowLife(t *testing.T) {
	t.Parallel()
	w := newWindow(2)
	if !w.enter("a", true) || w.enter("a", true) {
		t.Fatal("an event enters once")
	}
	if fresh, ok := w.begin("a"); !fresh || !ok {
		t.Fatalf("begin of a fresh event = %v, %v", fresh, ok)
	}
	if _, ok := w.begin("a"); ok {
		t.Fatal("an event is handled by one goroutine at a time")
	}
	w.park("a")
	if w.enter("a", false) {
		t.Fatal("a parked event is not published again")
	}
	if fresh, ok := w.begin("a"); fresh || !ok {
		t.Fatalf("begin of a parked event = %v, %v", fresh, ok)
	}
	w.leave("a")
	if fresh, ok := w.begin("b"); fresh || !ok {
		t.Fatalf("begin of an event of another process = %v, %v", fresh, ok)
	}
	w.leave("b")
	if moving, parked := w.load(); moving != 0 || parked != 0 {
		t.Errorf("load = %d, %d after everything left", moving, parked)
	}
}

// TestWindowRestartsTheSweep: an event that is to be handled once more while a sweep is under way that has passed it
// is found by the next one.
func TestWindowRestartsTheSweep(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(w *window){
		"revisited": func(w *window) { w.revisit("a") },
		"rescan":    func(w *window) { w.rescan() },
		"handled while it was revisited": func(w *window) {
			w.begin("a")
			w.revisit("a")
			w.park("a")
		},
	} {
		w := newWindow(4)
		w.enter("a", true) // the event 1
		w.begin("a")
		w.park("a")
		w.rescan()
		w.next()
		w.swept(256, false) // a page of a sweep
		again(w)
		w.swept(300, false) // the next page of the same one
		if from, behind := w.next(); from != 0 || !behind {
			t.Errorf("%s: the next sweep begins behind %d, %t", name, from, behind)
		}
		w.swept(300, false)
		if from, behind := w.next(); from != 300 || behind {
			t.Errorf("%s: the one after it begins behind %d, %t", name, from, behind)
		}
	}
}

func TestWindowLeavesOverflowToTheSweep(t *testing.T) {
	t.Parallel()
	w := newWindow(4)
	for i := range 4 {
		w.enter(fmt.Sprint(i), true)
	}
	if w.enter("over", true) {
		t.Fatal("a full window takes no event")
	}
	if _, behind := w.next(); !behind {
		t.Fatal("the sweep does not know that an event was left to it")
	}
	select {
	case <-w.wake: // by the overflow itself
	default:
	}
	w.swept(0, true)
	w.leave("0")
	select {
	case <-w.wake:
	default:
		t.Error("the sweep is not woken when there is room")
	}
}

func TestWindowUnderRaces(t *testing.T) {
	t.Parallel()
	w := newWindow(64)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 2000 {
				id := fmt.Sprint((i + g) % 100)
				w.enter(id, false)
				if _, ok := w.begin(id); ok {
					if i%3 == 0 {
						w.park(id)
					} else {
						w.leave(id)
					}
				}
			}
		})
	}
	group.Wait()
	for i := range 100 {
		w.leave(fmt.Sprint(i))
	}
	if moving, parked := w.load(); moving != 0 || parked != 0 {
		t.Errorf("load = %d, %d after everything left", moving, parked)
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	e := &Engine{o: Options{Backoff: time.Second, MaxBackoff: time.Minute}}
	for attempt, want := range map[int]time.Duration{1: time.Second, 3: 4 * time.Second, 7: time.Minute, 90: time.Minute} {
		for range 100 {
			if got := e.backoff(attempt); got < want*3/4 || got > want*5/4 {
				t.Fatalf("backoff(%d) = %v, want %v within a quarter", attempt, got, want)
			}
		}
	}
}

// TestWindowSettledElsewhere: an event that somebody settles is forgotten, also when it is only about to wait.
func TestWindowSettledElsewhere(t *testing.T) {
	t.Parallel()
	w := newWindow(4)
	for _, id := range []string{"parked", "handled"} {
		w.enter(id, true)
		w.begin(id)
	}
	w.park("parked")
	for _, id := range []string{"parked", "handled", "unknown"} {
		w.settledElsewhere(id)
	}
	w.park("handled")
	if moving, parked := w.load(); moving != 0 || parked != 0 {
		t.Errorf("load = %d, %d after everything was settled", moving, parked)
	}
}

// TestWindowRetake: what waits may be handled now, what is being handled is looked at once more.
func TestWindowRetake(t *testing.T) {
	t.Parallel()
	w := newWindow(4)
	for _, id := range []string{"published", "handled", "parked"} {
		w.enter(id, true)
	}
	w.begin("handled")
	w.begin("parked")
	w.park("parked")
	for id, want := range map[string]bool{"published": false, "handled": false, "parked": true, "unknown": true} {
		if got := w.retake(id); got != want {
			t.Errorf("retake of what is %s: %v", id, got)
		}
	}
	w.next()
	w.park("handled")
	if _, behind := w.next(); !behind || !w.enter("handled", false) {
		t.Error("what was handled meanwhile is not looked at again")
	}
}
