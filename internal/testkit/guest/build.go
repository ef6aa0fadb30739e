package guest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var builds struct { // one build of a folder per test process
	sync.Mutex
	done map[string]func() ([]byte, error)
}

// Build compiles the Go package in dir, which is in a module of its own or in the one of the test, as a WASI
// reactor and gives the module's bytes, which must not be changed. The outcome is kept for the process and, by the content of
// dir and the toolchain, in the user's cache directory, so that the tests of several packages build once. A build that fails
// fails the test.
func Build(t testing.TB, dir string) []byte {
	t.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	builds.Lock()
	once := builds.done[abs]
	if once == nil {
		if builds.done == nil {
			builds.done = map[string]func() ([]byte, error){}
		}
		once = sync.OnceValues(func() ([]byte, error) { return build(abs) })
		builds.done[abs] = once
	}
	builds.Unlock()
	out, err := once()
	if err != nil {
		t.Fatalf("building the guest in %s: %v", dir, err)
	}
	return out
}

func build(dir string) ([]byte, error) {
	key, err := key(dir)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "penstock-test-guests")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, err
	}
	kept := filepath.Join(cache, key+".wasm")
	if out, err := os.ReadFile(kept); err == nil {
		return out, nil
	}
	fresh := filepath.Join(cache, fmt.Sprintf("%s.%d.tmp", key, os.Getpid()))
	defer os.Remove(fresh)
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", fresh, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	out, err := os.ReadFile(fresh)
	if err != nil {
		return nil, err
	}
	return out, errors.Join(os.Rename(fresh, kept))
}

// key hashes what the build reads: the files of the folder, those of replaced modules beside it, the toolchain.
func key(dir string) (string, error) {
	h := sha256.New()
	io.WriteString(h, runtime.Version())
	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", ".")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	text, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		return "", err
	}
	for _, folder := range strings.Fields(string(text)) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if err := hashFile(h, folder, e); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(h io.Writer, folder string, e fs.DirEntry) error {
	if e.IsDir() || strings.HasSuffix(e.Name(), "_test.go") {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(folder, e.Name()))
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%s %d\n", e.Name(), len(data))
	_, err = h.Write(data)
	return err
}
