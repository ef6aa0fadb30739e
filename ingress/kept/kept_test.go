package kept_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/kept"
)

func open(t *testing.T, dir string, o kept.Options) *kept.Requests {
	t.Helper()
	k, err := kept.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// flush writes what is queued.
func flush(k *kept.Requests) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	k.Run(ctx)
}

func TestKeeps(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "rejects")
	k := open(t, dir, kept.Options{})
	if !k.Add("a1", []byte("POST / HTTP/1.1\r\n\r\n\x00")) {
		t.Fatal("not taken")
	}
	flush(k)
	if got, err := k.Read("a1"); err != nil || string(got) != "POST / HTTP/1.1\r\n\r\n\x00" {
		t.Errorf("%q, %v", got, err)
	}
	if !k.Add("ab12-_:0xyz", []byte("other")) {
		t.Fatal("an id with a colon is not taken")
	}
	flush(k)
	if got, err := k.Read("ab12-_:0xyz"); err != nil || string(got) != "other" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := k.Read("a2"); !errors.Is(err, kept.ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "a1.http"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestNamesLeadNowhereElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.http"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := open(t, filepath.Join(dir, "rejects"), kept.Options{})
	for _, id := range []string{"", "../secret", "..", "a/b", `a\b`, "a:b:c", ":secret", "a\x00", strings.Repeat("a", 65)} {
		if k.Add(id, []byte("x")) {
			t.Errorf("%q is taken", id)
		}
		if _, err := k.Read(id); !errors.Is(err, kept.ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "other.txt"), []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := open(t, dir, kept.Options{Files: 3, Bytes: 100})
	add := func(id string, size int) {
		t.Helper()
		if !k.Add(id, []byte(strings.Repeat("x", size))) {
			t.Fatalf("%s is not taken", id)
		}
		flush(k)
	}
	for i := range 5 {
		add(fmt.Sprint("n", i), 10)
	}
	names := func() string {
		list, err := filepath.Glob(filepath.Join(dir, "*.http"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			list[i] = strings.TrimSuffix(filepath.Base(list[i]), ".http")
		}
		return strings.Join(list, " ")
	}
	if got := names(); got != "n2 n3 n4" {
		t.Errorf("by number: %s", got)
	}
	add("large", 85)
	if got := names(); got != "large n4" {
		t.Errorf("by size: %s", got)
	}
	if k.Add("huge", make([]byte, 101)) {
		t.Error("a request beyond the limit is taken")
	}
	// Another opening goes on with what is there.
	k = open(t, dir, kept.Options{Files: 2, Bytes: 1000})
	add("next", 10)
	if got := names(); got != "large next" && got != "n4 next" {
		t.Errorf("after opening again: %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "other.txt")); err != nil {
		t.Error("a file of somebody else is gone")
	}
}

// TestAddDoesNotWait: without a writer the queue fills up and the rest is dropped.
func TestAddDoesNotWait(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir(), kept.Options{})
	taken := 0
	for i := range 1000 {
		if k.Add(fmt.Sprint("n", i), []byte("x")) {
			taken++
		}
	}
	if taken != 64 {
		t.Errorf("%d are taken", taken)
	}
	k = open(t, t.TempDir(), kept.Options{})
	taken = 0
	for i := range 20 {
		if k.Add(fmt.Sprint("n", i), make([]byte, 4<<20)) {
			taken++
		}
	}
	if taken != 4 {
		t.Errorf("%d large ones are taken", taken)
	}
	flush(k)
	if !k.Add("again", make([]byte, 4<<20)) {
		t.Error("nothing is taken after the queue was written")
	}
}
