package guest

import (
	"os"
	"path/filepath"
	"testing"
)

// CacheDir gives a folder for compiled plugins that outlives the test, so that guests are compiled once and
// not by each package: a Go guest takes seconds. What is in it is keyed by content.
func CacheDir(t testing.TB) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "penstock-test-compiled")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
