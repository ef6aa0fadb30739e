package engine

import "sync"

// window knows the events that are on their way in this process, so that none is published twice and
// memory stays bounded: an event that finds the window full waits in the store for the sweep.
type window struct {
	mu     sync.Mutex
	size   int
	known  map[string]stage
	moving int           // known events that are not parked
	behind bool          // an event was left to the sweep
	from   int64         // the sweep has seen everything up to this Seq
	anew   bool          // since the sweep began, it was told to begin from the first event again
	wake   chan struct{} // capacity 1: the sweep has work
}

// stage says how far a known event is.
type stage uint8

const (
	publishedFresh stage = iota // accepted by this process just now: no run can exist yet
	published                   // republished: runs may exist
	handling                    // its pipelines run
	handlingAgain               // and what waits is to be looked at once more
	parked                      // every unfinished run waits for its next attempt
)

func newWindow(size int) *window {
	return &window{size: size, known: map[string]stage{}, wake: make(chan struct{}, 1)}
}

// enter registers an event that is about to be published. False: it must not be published now.
func (w *window) enter(id string, fresh bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.known[id]; ok {
		return false
	}
	if w.moving >= w.size {
		w.behind = true
		w.signal()
		return false
	}
	s := published
	if fresh {
		s = publishedFresh
	}
	w.known[id] = s
	w.moving++
	return true
}

// begin claims an event for handling, whoever published it. fresh tells that no run of it can exist;
// ok is false while another goroutine handles it.
func (w *window) begin(id string) (fresh, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, known := w.known[id]
	if known && (s == handling || s == handlingAgain) {
		return false, false
	}
	if !known || s == parked {
		w.moving++
	}
	w.known[id] = handling
	return known && s == publishedFresh, true
}

// park keeps a handled event out of the sweep until its retry is due.
func (w *window) park(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moving--
	if w.known[id] == handlingAgain {
		delete(w.known, id)
		w.restart()
		w.signal()
		return
	}
	w.known[id] = parked
	w.roomMade()
}

// revisit has an event handled once more by the sweep, after what waits was changed from outside.
func (w *window) revisit(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s, known := w.known[id]; {
	case !known: // left to the sweep, or with another process
	case s == parked:
		delete(w.known, id)
	case s == handling:
		w.known[id] = handlingAgain
		return
	default: // its handling begins after the change
		return
	}
	w.restart()
	w.signal()
}

// retake reports whether the caller may handle the event now, after what it waits for came. If it is being handled, that is
// done once more.
func (w *window) retake(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s, known := w.known[id]; {
	case !known, s == parked:
		return true
	case s == handling:
		w.known[id] = handlingAgain
	}
	return false
}

// settledElsewhere forgets an event that waits, and that somebody settled meanwhile.
func (w *window) settledElsewhere(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.known[id] {
	case parked:
		delete(w.known, id)
	case handling:
		w.known[id] = handlingAgain
	}
}

// leave forgets an event: it is settled, or its handling was interrupted.
func (w *window) leave(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.known[id]; ok {
		delete(w.known, id)
		if s != parked {
			w.moving--
		}
	}
	w.roomMade()
}

func (w *window) roomMade() {
	if w.behind && w.moving <= w.size*3/4 {
		w.signal()
	}
}

// rescan makes the next sweep start from the first unsettled event.
func (w *window) rescan() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restart()
}

// next gives the sweep its starting point; behind is false when nothing was left to it.
func (w *window) next() (from int64, behind bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	behind = w.behind
	w.behind, w.anew = false, false
	return w.from, behind
}

// restart makes the next sweep start from the first unsettled event, also when one is under way that has passed it.
func (w *window) restart() { w.behind, w.from, w.anew = true, 0, true }

// swept tells how far the sweep came; unfinished says that it stopped for want of room.
func (w *window) swept(seq int64, unfinished bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.anew {
		w.from = max(w.from, seq)
	}
	w.behind = w.behind || unfinished
}

func (w *window) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// load gives the number of moving and of parked events.
func (w *window) load() (moving, waiting int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moving, len(w.known) - w.moving
}
