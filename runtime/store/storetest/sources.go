package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

func source(pipeline, version string) store.Source {
	return store.Source{
		PipelineVersion: store.PipelineVersion{Pipeline: pipeline, Version: version},
		File:            pipeline + ".pi.yaml", Text: []byte("text of " + pipeline + " " + version),
	}
}

// swap takes the new versions in and the old ones out.
func swap(t *testing.T, s store.Store, at time.Time, in []store.Source, out ...store.Source) {
	t.Helper()
	c := store.SourceChange{In: in, At: at}
	for _, o := range out {
		c.Out = append(c.Out, o.PipelineVersion)
	}
	must(t, s.ChangeSources(t.Context(), c))
}

func sourcesKept(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	one, two, other := source("p", "v1"), source("p", "v2"), source("a", "v9")
	two.Author, two.File = "ann", "sales/p.pi.json"
	minute := func(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }
	swap(t, s, minute(0), []store.Source{one, other})
	swap(t, s, minute(1), []store.Source{two}, one)
	one.Author = "bob"
	swap(t, s, minute(2), []store.Source{one}, two) // back again
	swap(t, s, minute(3), nil, two)                 // it left already

	must(t, s.Close())
	s = open(t, dir)
	defer s.Close()
	one.First, one.Last = minute(0), minute(2)
	two.First, two.Last, two.Until = minute(1), minute(1), minute(2)
	other.First, other.Last = minute(0), minute(0)
	loaded, err := s.LoadedSources(t.Context())
	must(t, err)
	if diff := cmp.Diff([]store.Source{other, one}, loaded); diff != "" {
		t.Errorf("loaded: %s", diff)
	}
	got, err := s.Source(t.Context(), two.PipelineVersion)
	must(t, err)
	if diff := cmp.Diff(two, got); diff != "" {
		t.Errorf("one: %s", diff)
	}
	one.Text, two.Text = nil, nil
	of, err := s.SourcesOf(t.Context(), "p")
	must(t, err)
	if diff := cmp.Diff([]store.Source{one, two}, of); diff != "" {
		t.Errorf("of one pipeline: %s", diff)
	}
	for _, unknown := range []store.PipelineVersion{{Pipeline: "p", Version: "v3"}, {Pipeline: "q", Version: "v1"}} {
		if _, err := s.Source(t.Context(), unknown); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v: %v", unknown, err)
		}
	}
	if of, err = s.SourcesOf(t.Context(), "q"); err != nil || len(of) != 0 {
		t.Errorf("an unknown pipeline has the versions %v, %v", of, err)
	}
}

func sourceAt(t *testing.T, open Open) {
	s := fresh(t, open)
	one, two, three := source("p", "v1"), source("p", "v2"), source("p", "v3")
	hour := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	swap(t, s, hour(0), []store.Source{one})
	swap(t, s, hour(2), []store.Source{two}, one)
	swap(t, s, hour(4), []store.Source{three}, two)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{hour(0), ""},
		{hour(1), "v1"},
		{hour(2), "v1"},
		{hour(2).Add(time.Microsecond), "v2"},
		{hour(4), "v2"},
		{hour(5), "v3"},
	} {
		got, err := s.SourceAt(t.Context(), "p", c.at)
		if c.want == "" {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%v: %v, %v", c.at, got, err)
			}
			continue
		}
		must(t, err)
		if got.Version != c.want || string(got.Text) != "text of p "+c.want {
			t.Errorf("at %v %s was loaded, want %s", c.at, got.Version, c.want)
		}
	}
}

func sourcesPruned(t *testing.T, open Open) {
	s := fresh(t, open)
	const versions = 300
	hour := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	last := source("p", "v0")
	swap(t, s, hour(0), []store.Source{last, source("q", "v0")})
	for i := 1; i < versions; i++ { // the n-th leaves in hour n+1
		next := source("p", fmt.Sprint("v", i))
		swap(t, s, hour(i), []store.Source{next}, last)
		last = next
	}
	newest := func(n int) string { return fmt.Sprint("v", versions-1-n) }
	prune := func(want int, before, after time.Time, most int) {
		t.Helper()
		n, err := s.PruneSources(t.Context(), store.SourcePrune{Before: before, Most: most, After: after})
		must(t, err)
		if n != want {
			t.Errorf("forgot %d versions, want %d", n, want)
		}
	}
	has := func(version string, want bool) {
		t.Helper()
		_, err := s.Source(t.Context(), store.PipelineVersion{Pipeline: "p", Version: version})
		if got := err == nil; got != want {
			t.Errorf("%s is kept: %v, %v", version, got, err)
		}
	}
	prune(0, hour(0), hour(0), 1)
	prune(0, hour(9999), hour(0), 1)
	prune(10, hour(11), hour(9999), 0)
	has("v9", false)
	has("v10", true)

	// An unfinished run keeps its version, and everything that was loaded since it began.
	e := acceptMany(t, s, 1)[0]
	r := newRun(e, "p", run.Waiting)
	r.Version, r.Started = "v20", hour(250)
	save(t, s, r)
	prune(238, hour(9999), hour(9999), 0) // v10 to v248 without v20
	has("v20", true)
	has("v248", false)
	has("v249", true) // left in the hour when the run began
	r.Status = run.Done
	save(t, s, r)
	prune(52-40, hour(0), hour(9999), 40)
	has(newest(39), true)
	has(newest(40), false)
	prune(39, hour(9999), hour(9999), 0)
	loaded, err := s.LoadedSources(t.Context())
	must(t, err)
	if len(loaded) != 2 || loaded[0].Version != newest(0) || loaded[1].Pipeline != "q" {
		t.Errorf("loaded is %v", loaded)
	}
}
