package keys_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/keys"
	"github.com/penstock/penstock/runtime/fault"
)

func TestAge(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header []string
		age    time.Duration
	}{
		"unsaid":           {nil, time.Hour},
		"max-age":          {[]string{"Cache-Control", "public, max-age=1800"}, 30 * time.Minute},
		"too short":        {[]string{"Cache-Control", "max-age=1"}, 5 * time.Minute},
		"too long":         {[]string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour},
		"beyond a number":  {[]string{"Cache-Control", "max-age=99999999999999999999999"}, 24 * time.Hour},
		"no-store":         {[]string{"Cache-Control", "max-age=86400, No-Store"}, 5 * time.Minute},
		"malformed":        {[]string{"Cache-Control", "max-age=-1"}, 5 * time.Minute},
		"two, the shorter": {[]string{"Cache-Control", "max-age=7200", "Cache-Control", "max-age=600"}, 10 * time.Minute},
		"already old":      {[]string{"Cache-Control", "max-age=7200", "Age", "3600"}, time.Hour},
		"quoted":           {[]string{"Cache-Control", `max-age="600"`}, 10 * time.Minute},
		"Expires":          {[]string{"Date", "Tue, 06 Jan 2026 10:00:00 GMT", "Expires", "Tue, 06 Jan 2026 12:00:00 GMT"}, 2 * time.Hour},
		"Expires, 0":       {[]string{"Expires", "0"}, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, keys.Options{}, text("k", tc.header...))
			w.get(t, "/", "k", 1)
			w.pass(tc.age - time.Second)
			w.get(t, "/", "k", 1)
			w.answers(text("l"))
			w.pass(time.Second)
			w.get(t, "/", "l", 2)
		})
	}
}

func TestSingleFlight(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	w := open(t, keys.Options{}, func(rw http.ResponseWriter, _ *http.Request) {
		<-goOn
		_, _ = io.WriteString(rw, "k")
	})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if got, err := w.Fetch(t.Context(), w.url+"/"); string(got) != "k" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	for deadline := time.Now().Add(time.Minute); w.asked.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody asks")
		}
	}
	close(goOn)
	all.Wait()
	if n := w.asked.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestFailuresAreRemembered(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, status(500))
	w.get(t, "/", "", 1)
	w.get(t, "/", "", 1)
	w.pass(30*time.Second - 1)
	w.get(t, "/", "", 1)
	w.answers(text("k"))
	w.pass(1)
	w.get(t, "/", "k", 2)
	// A failure of one address is none of another.
	w.get(t, "/other", "k", 3)
}

// TestStale: an old value serves while it cannot be renewed, for a day after its age, and no longer.
func TestStale(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, text("k", "Cache-Control", "max-age=3600"))
	w.get(t, "/", "k", 1)
	w.answers(status(503))
	w.pass(time.Hour)
	w.get(t, "/", "k", 2)
	w.get(t, "/", "k", 2) // the failure is remembered
	w.pass(30 * time.Second)
	w.get(t, "/", "k", 3)
	w.pass(24*time.Hour - 31*time.Second)
	w.get(t, "/", "k", 4)
	w.pass(time.Second)
	w.get(t, "/", "", 4)
	w.pass(time.Minute)
	w.get(t, "/", "", 5)
	w.answers(text("l"))
	w.pass(time.Minute)
	w.get(t, "/", "l", 6)
	// A renewal at last: everything begins again.
	w.pass(time.Hour)
	w.answers(text("m"))
	w.get(t, "/", "m", 7)
}

// TestStaleDoesNotBlock: while a renewal hangs, nobody waits longer than the patience.
func TestStaleDoesNotBlock(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{Patience: time.Millisecond}, text("k"))
	w.get(t, "/", "k", 1)
	goOn := make(chan struct{})
	w.answers(func(rw http.ResponseWriter, r *http.Request) {
		<-goOn
		_, _ = io.WriteString(rw, "l")
	})
	w.pass(2 * time.Hour)
	for range 20 {
		got, err := w.Fetch(t.Context(), w.url+"/")
		if string(got) != "k" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	close(goOn)
	w.eventually(t, "/", "l")
	if n := w.asked.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// eventually waits until the cache has the value.
func (w *world) eventually(t testing.TB, path, want string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		got, err := w.Fetch(t.Context(), w.url+path)
		if string(got) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
}

// TestCallerGivesUp: a caller leaves with his context; the request goes on for the others.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	w := open(t, keys.Options{}, func(rw http.ResponseWriter, _ *http.Request) {
		<-goOn
		_, _ = io.WriteString(rw, "k")
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Fetch(ctx, w.url+"/")
	if !errors.Is(err, context.Canceled) || fault.CodeOf(err) != fault.EgressFailed {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = w.Fetch(ctx, w.url+"/")
	if fault.CodeOf(err) != fault.EgressTimeout {
		t.Errorf("out of time: %v", err)
	}
	close(goOn)
	w.get(t, "/", "k", 1)
}

func TestRenew(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, text("k", "Cache-Control", "max-age=86400"))
	w.get(t, "/", "k", 1)
	w.answers(text("l", "Cache-Control", "max-age=86400"))
	renew := func(want string, asked int64) {
		t.Helper()
		got, err := w.Renew(t.Context(), w.url+"/")
		if string(got) != want || err != nil || w.asked.Load() != asked {
			t.Errorf("%q, %v after %d requests, want %q after %d", got, err, w.asked.Load(), want, asked)
		}
	}
	w.pass(5*time.Minute - 1)
	renew("k", 1)
	w.pass(1)
	w.get(t, "/", "k", 1)
	renew("l", 2)
	renew("l", 2)
	w.answers(status(500))
	w.pass(5 * time.Minute)
	renew("l", 3)
	renew("l", 3) // the failure is remembered, and harms nobody
	w.get(t, "/", "l", 3)
}

// TestEntries: the number of addresses is bounded; one that has no value goes first, then the one that was
// not asked for the longest.
func TestEntries(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{Entries: 3, PerHost: 1000}, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			rw.WriteHeader(404)
			return
		}
		_, _ = io.WriteString(rw, r.URL.Path)
	})
	w.get(t, "/a", "/a", 1)
	w.get(t, "/b", "/b", 2)
	for i := range 50 {
		w.get(t, fmt.Sprint("/bad", i), "", int64(3+i))
	}
	w.get(t, "/a", "/a", 52)
	w.get(t, "/b", "/b", 52)
	w.get(t, "/a", "/a", 52)
	w.get(t, "/c", "/c", 53) // in place of the last bad one
	w.get(t, "/d", "/d", 54) // in place of b
	w.get(t, "/a", "/a", 54)
	w.get(t, "/c", "/c", 54)
	w.get(t, "/b", "/b", 55)
}

func TestRatePerHost(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, text("k"))
	for i := range 10 {
		w.get(t, fmt.Sprint("/", i), "k", int64(i+1))
	}
	w.get(t, "/10", "", 10)
	if err := w.Confirm(t.Context(), w.url+"/confirm"); fault.CodeOf(err) != fault.EgressFailed {
		t.Errorf("confirming: %v", err)
	}
	_, err := w.Fetch(t.Context(), w.url+"/10")
	if retry, after := fault.Retryable(err); !retry || after != time.Minute {
		t.Errorf("%v may be tried again: %v, after %s", err, retry, after)
	}
	_, err = w.Fetch(t.Context(), strings.Replace(w.url, "https", "HTTPS", 1)+"/10")
	if fault.CodeOf(err) != fault.EgressFailed || w.asked.Load() != 10 {
		t.Errorf("in another spelling: %v", err)
	}
	w.get(t, "/3", "k", 10) // what is known serves
	w.pass(6 * time.Second)
	w.get(t, "/10", "k", 11)
	w.get(t, "/11", "", 11)
	// Renewing what is known needs no allowance.
	w.pass(2 * time.Hour)
	for i := range 11 {
		w.get(t, fmt.Sprint("/", i), "k", int64(12+i))
	}
	for i := range 10 {
		w.get(t, fmt.Sprint("/new", i), "k", int64(23+i))
	}
	w.get(t, "/new10", "", 32)
}

// TestClockSetBack: an age in the future is none.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, text("k"))
	w.get(t, "/", "k", 1)
	w.pass(-48 * time.Hour)
	w.answers(text("l"))
	w.get(t, "/", "l", 2)
	w.answers(status(500))
	w.get(t, "/bad", "", 3)
	w.pass(-48 * time.Hour)
	w.answers(text("m"))
	w.get(t, "/bad", "m", 4)
}

func TestClose(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	failed := make(chan error)
	go func() {
		_, err := w.Fetch(t.Context(), w.url+"/")
		failed <- err
	}()
	for deadline := time.Now().Add(time.Minute); w.asked.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody asks")
		}
	}
	w.Close()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the request under way: %v", err)
	}
	if _, err := w.Fetch(t.Context(), w.url+"/late"); fault.CodeOf(err) != fault.EgressFailed {
		t.Errorf("after Close: %v", err)
	}
	w.Close()
}

// TestHammer uses everything at once, for the race detector.
func TestHammer(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{Entries: 4, PerHost: 100000, Patience: time.Millisecond}, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "3") {
			rw.WriteHeader(500)
			return
		}
		_, _ = io.WriteString(rw, r.URL.Path)
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				path := fmt.Sprint("/", (i+j)%6)
				got, err := w.Fetch(t.Context(), w.url+path)
				if err == nil && string(got) != path {
					t.Errorf("%s: %q", path, got)
				}
				if j%5 == 0 {
					w.pass(11 * time.Minute)
					_, _ = w.Renew(t.Context(), w.url+path)
				}
			}
		})
	}
	all.Wait()
}
