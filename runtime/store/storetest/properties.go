package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
)

// Properties holds a store of properties to the contract, also one that keeps nothing else.
func Properties(t *testing.T, open func(t *testing.T) store.Properties) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s store.Properties)
	}{
		{"a property is kept", propertyKept},
		{"a property is changed at its revision", propertyChanged},
		{"a property moves and goes", propertyMoved},
		{"properties are listed by path", propertiesListed},
		{"fifty change a property", propertyRace},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

func newProperty(path, value string) property.Property {
	return property.Property{
		Path: path, UUID: "u-" + path, Type: "application/json", Value: []byte(value), Size: len(value), Created: start(), Updated: start().Add(time.Second),
	}
}

func put(t *testing.T, s store.Properties, p property.Property, want bool) {
	t.Helper()
	kept, err := s.PutProperty(t.Context(), p)
	if err != nil || kept != want {
		t.Errorf("putting %s at revision %d: %v, %v", p.Path, p.Revision, kept, err)
	}
}

func wantProperty(t *testing.T, s store.Properties, path string, want *property.Property) {
	t.Helper()
	got, err := s.Property(t.Context(), path)
	if want == nil {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
		return
	}
	must(t, err)
	if diff := cmp.Diff(*want, got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

func propertyKept(t *testing.T, s store.Properties) {
	p := newProperty("a/b", `{"x":[1,null]}`)
	p.Expires = start().Add(time.Hour)
	wantProperty(t, s, "a/b", nil)
	put(t, s, p, true)
	p.Revision = 1
	wantProperty(t, s, "a/b", &p)
	wantProperty(t, s, "a", nil)
	large := newProperty("large", string(text(property.MaxValue)))
	put(t, s, large, true)
	large.Revision = 1
	wantProperty(t, s, "large", &large)
}

func propertyChanged(t *testing.T, s store.Properties) {
	p := newProperty("a", `1`)
	put(t, s, p, true)
	put(t, s, p, false) // there is one
	q := newProperty("a", `"two"`)
	q.Revision, q.Type, q.UUID, q.Expires = 1, "text/plain", "other", start().Add(time.Minute)
	put(t, s, q, true)
	put(t, s, q, false) // it has revision 2
	q.Revision = 2
	wantProperty(t, s, "a", &q)
	missing := newProperty("missing", `1`)
	missing.Revision = 1
	put(t, s, missing, false)
	wantProperty(t, s, "missing", nil)
}

func propertyMoved(t *testing.T, s store.Properties) {
	p := newProperty("a", `1`)
	put(t, s, p, true)
	put(t, s, newProperty("taken", `2`), true)
	for _, c := range []struct {
		from, to string
		revision int64
		want     bool
	}{
		{"a", "taken", 1, false}, {"a", "b", 7, false}, {"none", "b", 1, false}, {"a", "b", 1, true}, {"a", "c", 1, false},
	} {
		moved, err := s.MoveProperty(t.Context(), store.PropertyMove{From: c.from, To: c.to, Revision: c.revision, At: start().Add(time.Hour)})
		if err != nil || moved != c.want {
			t.Errorf("%s to %s: %v, %v", c.from, c.to, moved, err)
		}
	}
	p.Path, p.Revision, p.Updated = "b", 2, start().Add(time.Hour)
	wantProperty(t, s, "b", &p)
	wantProperty(t, s, "a", nil)
	for _, revision := range []int64{1, 3} {
		if gone, err := s.DeleteProperty(t.Context(), "b", revision); err != nil || gone {
			t.Errorf("deleting revision %d: %v, %v", revision, gone, err)
		}
	}
	for _, want := range []bool{true, false} {
		if gone, err := s.DeleteProperty(t.Context(), "b", 2); err != nil || gone != want {
			t.Errorf("deleting: %v, %v", gone, err)
		}
	}
	wantProperty(t, s, "b", nil)
}

func propertiesListed(t *testing.T, s store.Properties) {
	for _, path := range []string{"b/c", "a", "b", "b/d", "bc", "b/c/d", "B", "b.c", "b-c"} {
		put(t, s, newProperty(path, `"0123456789"`), true)
	}
	for path, at := range map[string]time.Time{"b/old": start(), "b/young": start().Add(time.Hour)} {
		p := newProperty(path, `1`)
		p.Expires = at
		put(t, s, p, true)
	}
	for _, c := range []struct {
		name string
		q    store.PropertyQuery
		want []string
	}{
		{"all", store.PropertyQuery{Limit: 100}, []string{"B", "a", "b", "b-c", "b.c", "b/c", "b/c/d", "b/d", "b/young", "bc"}},
		{"a folder", store.PropertyQuery{Prefix: "b/"}, []string{"b/c", "b/c/d", "b/d", "b/young"}},
		{"a prefix", store.PropertyQuery{Prefix: "b/c"}, []string{"b/c", "b/c/d"}},
		{"a page", store.PropertyQuery{Prefix: "b/", Limit: 2}, []string{"b/c", "b/c/d"}},
		{"the next page", store.PropertyQuery{Prefix: "b/", After: "b/c/d", Limit: 2}, []string{"b/d", "b/young"}},
		{"none", store.PropertyQuery{Prefix: "x"}, nil},
	} {
		c.q.Now = start().Add(time.Minute)
		got, err := s.Properties(t.Context(), c.q)
		must(t, err)
		var paths []string
		for _, p := range got {
			paths = append(paths, p.Path)
			if p.Value != nil || p.Revision != 1 || p.Size == 0 || p.Type == "" || p.UUID == "" || !p.Created.Equal(start()) {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
		if diff := cmp.Diff(c.want, paths); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func propertyRace(t *testing.T, s store.Properties) {
	var winners atomic.Int32
	race := func(revision int64) {
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				p := newProperty("a", fmt.Sprint(i))
				p.Revision = revision
				kept, err := s.PutProperty(t.Context(), p)
				if err != nil {
					t.Error(err)
				}
				if kept {
					winners.Add(1)
				}
			})
		}
		group.Wait()
	}
	for revision := range int64(3) {
		winners.Store(0)
		if race(revision); winners.Load() != 1 {
			t.Errorf("%d winners at revision %d", winners.Load(), revision)
		}
	}
}

func propertiesOf(t *testing.T, open Open) {
	Properties(t, func(t *testing.T) store.Properties { return fresh(t, open) })
}

// propertiesPruned: an expired property is found until it is forgotten.
func propertiesPruned(t *testing.T, open Open) {
	s := fresh(t, open)
	for i, at := range []time.Time{start().Add(-time.Second), start().Add(time.Hour), {}} {
		p := newProperty(fmt.Sprint("p", i), `1`)
		p.Expires = at
		put(t, s, p, true)
	}
	n, err := s.Prune(t.Context(), store.Prune{Now: start()})
	must(t, err)
	if n != 1 {
		t.Errorf("forgot %d rows", n)
	}
	wantProperty(t, s, "p0", nil)
	for _, path := range []string{"p1", "p2"} {
		if _, err := s.Property(t.Context(), path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
