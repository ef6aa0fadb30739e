package lsp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/pipeline"
)

// TestDirs: which pipelines are one set.
func TestDirs(t *testing.T) {
	t.Parallel()
	w := newWorkspace(newVocabulary(options(t).Registry), "/srv/flows")
	w.addRoot("file:///home/me%20too")
	w.addRoot("file:///srv/")
	for name, want := range map[string]string{
		"/srv/flows/a/b.pi.yaml":           "/srv/flows",
		"/srv/other/a.pi.yaml":             "/srv/other",
		"/home/me too/x/flows/a/b.pi.yaml": "/home/me too/x/flows",
		"/home/me too/x/a.pi.yaml":         "/home/me too/x",
		"/home/me/x/a.pi.yaml":             "",
		"untitled-1.pi.yaml":               "",
	} {
		if got := w.dir(&document{path: name}); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"file:///w/a%20b/c.pi.yaml": "/w/a b/c.pi.yaml",
		"file:///w/../x.pi.yaml":    "/x.pi.yaml",
		"untitled:Untitled-1":       "untitled-1.pi.yaml",
		"vscode-notebook:/x/Ä.json": "json.pi.yaml",
		"::":                        "untitled.pi.yaml",
		"git:/w/x.webhook.yaml?{}":  "x.webhook.yaml",
	} {
		if got := nameOf(uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

// TestScan: what is read from the disk, and what is not.
func TestScan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.pi.yaml": "pipeline: [log]", "x/b.pi.json": "{}", "x/y/c.webhook.yaml": "token: env:A", "readme.md": "x", "d.yaml": "x",
		".git/e.pi.yaml": "x", "node_modules/m/f.pi.yaml": "x", "huge.pi.yaml": strings.Repeat("#", pipeline.MaxSize+1),
	} {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	got := scan([]string{filepath.ToSlash(dir), "/nowhere/at/all"})
	want := map[string]string{}
	for name, text := range map[string]string{"a.pi.yaml": "pipeline: [log]", "x/b.pi.json": "{}", "x/y/c.webhook.yaml": "token: env:A"} {
		want[filepath.ToSlash(filepath.Join(dir, name))] = text
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
