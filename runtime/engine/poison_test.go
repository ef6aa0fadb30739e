package engine_test

import (
	"context"
	"flag"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
)

var (
	poisonRate   = flag.Int("poison.rate", 100, "events a second of TestPoison")
	poisonTime   = flag.Duration("poison.time", time.Second, "how long TestPoison sends events in each of its rounds")
	poisonRounds = flag.Int("poison.rounds", 2, "how often TestPoison does everything")
)

// TestPoison: a pipeline that always fails, or that computes until a limit ends it, or that makes great lists, beside a good
// one on the same events. All runs of the good one are done; how long they take is printed, in the best of all rounds, because what
// else the machine does is in every figure.
func TestPoison(t *testing.T) {
	const good = listen + "  - set: {value: \"${event.eventKey}\"}\n  - set: {value: \"${body + '!'}\"}\n  - test.seen\n"
	others := map[string]string{
		"light":    listen + "  - set: 1\n", // what any other pipeline costs
		"failing":  listen + "  - test.step: poison\n",
		"spinning": listen + "  - set: {value: \"${count(1..2000, {count(1..250, {# > 300}) > 0})}\"}\n",
		"hoarding": listen + "  - set: {value: \"${count(1..6, {count(300..90000, {# > 600}) > 0})}\"}\n",
	}
	best := map[string]times{}
	for range *poisonRounds {
		keep(best, "alone", poisoned(t, map[string]string{"good": good}))
		for name, poison := range others {
			keep(best, name, poisoned(t, map[string]string{"good": good, "poison": poison}))
		}
	}
	for _, name := range []string{"alone", "light", "failing", "spinning", "hoarding"} {
		t.Logf("%-8s p50 %8s, p99 %8s, %.2f of alone", name, best[name].at(50), best[name].at(99), float64(best[name].at(99))/float64(best["alone"].at(99)))
	}
}

func keep(best map[string]times, name string, ts times) {
	if old, there := best[name]; !there || ts.at(99) < old.at(99) {
		best[name] = ts
	}
}

type times []time.Duration

func (ts times) at(percent int) time.Duration {
	return ts[min(len(ts)-1, len(ts)*percent/100)].Round(10 * time.Microsecond)
}

// poisoned gives how long the good pipeline took for each event, from before it was accepted to its last step, sorted.
func poisoned(t *testing.T, files map[string]string) times {
	t.Helper()
	w := newWorld(t)
	w.fail["poison"] = 1 << 30
	var mu sync.Mutex
	began := map[string]time.Time{}
	var took times
	w.more = []command.Definition{{
		Spec: command.Spec{Name: "test.seen", Summary: "Takes the time."},
		Command: command.Func(func(_ context.Context, c command.Call) (command.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began[c.Event.ID]))
			return command.Result{}, nil
		}),
	}}
	stop := w.start(t.TempDir(), engine.Options{Grace: time.Millisecond}, files)
	defer stop()
	n := int(poisonTime.Seconds() * float64(*poisonRate))
	tick := time.NewTicker(time.Second / time.Duration(*poisonRate))
	defer tick.Stop()
	for range n {
		<-tick.C
		at := time.Now()
		e := w.event("a.b")
		mu.Lock()
		began[e.ID] = at
		mu.Unlock()
		w.accept(e)
	}
	w.until(func() bool { mu.Lock(); defer mu.Unlock(); return len(took) == n }, func() string { return "the good runs are not all done" })
	slices.Sort(took)
	return took
}
