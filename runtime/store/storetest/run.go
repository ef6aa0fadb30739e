package storetest

import (
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

// Open opens a store over the data in dir, which it makes when there is none. It fails the test when
// it cannot.
type Open func(t *testing.T, dir string) store.Store

// Run holds a store to the contract. Each test has a directory of its own.
func Run(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"accept keeps the event", acceptKeeps},
		{"accept is idempotent by id", acceptByID},
		{"accept is idempotent by dedupe key", acceptByKey},
		{"fifty deliveries have one winner", acceptRace},
		{"a dedupe key expires", acceptExpiry},
		{"unsettled events come in order", unsettledOrder},
		{"events are listed newest first", eventsListed},
		{"large payloads", acceptLarge},
		{"what came in is kept beside the event", rawKept},
		{"a run is inserted and updated", saveUpdates},
		{"a final run never changes", saveFinished},
		{"a change brings its event", saveAccepts},
		{"one of fifty ends a run", saveRace},
		{"settling", settling},
		{"a batch is formed", batchFormed},
		{"a batch takes no event twice", batchOnce},
		{"members end with their batch", batchEnds},
		{"due runs come in order", dueOrder},
		{"runs are found", runsFound},
		{"runs are filtered", runsFiltered},
		{"a dead letter is closed once", closeDeadOnce},
		{"fifty close a dead letter", closeDeadRace},
		{"versions of unfinished runs", openVersions},
		{"schedules are kept", schedulesKept},
		{"fifty move a schedule", scheduleRace},
		{"versions of pipelines are kept", sourcesKept},
		{"which version was loaded when", sourceAt},
		{"versions that nobody needs are pruned", sourcesPruned},
		{"properties", propertiesOf},
		{"expired properties are forgotten", propertiesPruned},
		{"a result is completed once", resultOnce},
		{"fifty completions have one winner", resultRace},
		{"webhooks are kept", webhooksKept},
		{"refusals are bounded and newest first", rejectsBounded},
		{"a flood of refusals does not wait", rejectsFlood},
		{"prune forgets what ended", pruneForgets},
		{"prune keeps what is wanted", pruneKeeps},
		{"everything survives reopening", reopen},
		{"ended contexts", endedContexts},
		{"one cancelled caller harms nobody", cancelledCaller},
		{"cancelled writes let go", cancelledWrites},
		{"close", closing},
		{"close waits for writes", closeWaits},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// fresh opens a store of its own that is closed when the test ends.
func fresh(t *testing.T, open Open) store.Store {
	t.Helper()
	s := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// start is a time that every store keeps exactly.
func start() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
