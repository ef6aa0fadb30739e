package pipetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// lookEvery is how often watched files are read for changes.
const lookEvery = 300 * time.Millisecond

// mostWatched is the largest file that is read for changes in its content.
const mostWatched = 16 << 20

// Changed returns when something below the paths is another than before and did not change again between two
// looks, or with ctx's error. before is what an earlier call or [Look] gave; files and folders whose names
// begin with a dot are passed over.
func Changed(ctx context.Context, paths []string, before string) (now string, err error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := before
	for {
		select {
		case <-ctx.Done():
			return before, ctx.Err()
		case <-tick.C:
		}
		now := Look(paths)
		if now != before && now == last {
			return now, nil
		}
		last = now
	}
}

// Look gives a text that stands for names and contents of all pipelines, tests and webhooks below the paths, and
// of the paths themselves.
func Look(paths []string) string {
	h := sha256.New()
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			hidden := name != path && strings.HasPrefix(filepath.Base(name), ".")
			switch {
			case err != nil:
				fmt.Fprintf(h, "%q %v\n", name, err)
				return skip(entry)
			case hidden:
				return skip(entry)
			case entry.IsDir():
				return nil
			case name == path || isOurs(name):
				addContent(h, name)
			}
			return nil
		})
		fmt.Fprintf(h, "%q %v\n", path, err)
	}
	return string(h.Sum(nil))
}

func skip(entry fs.DirEntry) error {
	if entry != nil && entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func isOurs(name string) bool {
	for _, part := range []string{".pi.", ".test.", ".webhook."} {
		if strings.Contains(filepath.Base(name), part) {
			return true
		}
	}
	return false
}

func addContent(h io.Writer, name string) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		fmt.Fprintf(h, "%q %v\n", name, err)
		return
	}
	f, err := os.Open(name)
	if err != nil {
		fmt.Fprintf(h, "%q %v\n", name, err)
		return
	}
	defer f.Close()
	content := sha256.New()
	n, err := io.Copy(content, io.LimitReader(f, mostWatched))
	fmt.Fprintf(h, "%q %d %x %v\n", name, n, content.Sum(nil), err)
}
