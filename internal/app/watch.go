package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// lookEvery is how often the pipeline directory is read for changes. A change is taken over when two looks
// found the same, so that a file that is being written is left alone.
const lookEvery = time.Second

// Pipelines is what `GET /api/v3/status` tells of the loaded pipelines.
type Pipelines struct {
	Count       int       `json:"count"`
	Loaded      time.Time `json:"loaded"`           // when this set was taken over
	Broken      []string  `json:"broken,omitempty"` // why the files as they are now were not
	BrokenSince time.Time `json:"brokenSince,omitzero"`
}

// mostBroken is how many faults Pipelines.Broken names.
const mostBroken = 20

// watcher has changed pipeline files taken over, all of them or none.
type watcher struct {
	dir    string
	load   func() ([]*pipeline.Plan, error)
	reload func(context.Context, []*pipeline.Plan) error
	log    *slog.Logger
	now    func() time.Time

	looking sync.Mutex
	judged  digest // of the files that were loaded or refused last
	seen    digest // of the last look

	mu    sync.Mutex
	state Pipelines
}

// first loads the pipelines for a start; a fault is the caller's.
func (w *watcher) first() ([]*pipeline.Plan, error) {
	w.judged, _ = digestOf(w.dir) // what is written meanwhile differs, and is loaded at a later look
	w.seen = w.judged
	plans, err := w.load()
	if err != nil {
		return nil, err
	}
	w.state = Pipelines{Count: len(plans), Loaded: w.now().UTC()}
	return plans, nil
}

func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx)
		}
	}
}

// look reads the directory once and takes over what changed and did not change again since the last look.
func (w *watcher) look(ctx context.Context) {
	w.looking.Lock()
	defer w.looking.Unlock()
	now, there := digestOf(w.dir)
	settled := now == w.seen
	w.seen = now
	if now == w.judged || !settled {
		return
	}
	if !there {
		w.judged = now
		w.refuse(fault.New(fault.PipelineRead, "the pipeline directory %s is gone", w.dir).WithHint("put it back, or restart the server without it"))
		return
	}
	plans, err := w.load()
	if again, _ := digestOf(w.dir); again != now { // what was loaded may be a mixture
		w.seen = again
		return
	}
	w.judged = now
	if err == nil {
		err = w.reload(ctx, plans)
	}
	if err != nil {
		w.refuse(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = Pipelines{Count: len(plans), Loaded: w.now().UTC()}
}

// refuse keeps the old set and says why.
func (w *watcher) refuse(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Broken = nil
	if w.state.BrokenSince.IsZero() {
		w.state.BrokenSince = w.now().UTC()
	}
	var list fault.List
	if !errors.As(err, &list) {
		list = fault.List{fault.Wrap(fault.CodeOf(err), err, "loading the pipelines")}
	}
	for _, f := range list {
		if len(w.state.Broken) == mostBroken {
			w.state.Broken = append(w.state.Broken, fmt.Sprintf("and %d more", len(list)-mostBroken))
			break
		}
		w.state.Broken = append(w.state.Broken, f.Error())
		w.log.Error("a pipeline file cannot be taken over; the pipelines stay as they were loaded",
			"code", f.Code, "error", f.Error(), "loaded", w.state.Loaded)
	}
}

func (w *watcher) pipelines() Pipelines {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// digest stands for names and contents of all pipeline files.
type digest [sha256.Size]byte

// digestOf reads the directory. What cannot be read counts by its error, because loading tells of it.
func digestOf(dir string) (_ digest, there bool) {
	h := sha256.New()
	root, err := os.OpenRoot(dir)
	if err != nil {
		fmt.Fprintf(h, "none %v", err)
		return digest(h.Sum(nil)), !errors.Is(err, fs.ErrNotExist)
	}
	defer root.Close()
	files := root.FS()
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			fmt.Fprintf(h, "unreadable %q %v\n", name, err)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir() && strings.Contains(entry.Name(), ".pi."):
			addFile(h, files, name)
		}
		return nil
	})
	fmt.Fprintf(h, "end %v", err)
	return digest(h.Sum(nil)), true
}

func addFile(h io.Writer, files fs.FS, name string) {
	info, err := fs.Stat(files, name)
	if err != nil || !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		fmt.Fprintf(h, "irregular %q %v\n", name, err)
		return
	}
	f, err := files.Open(name)
	if err != nil {
		fmt.Fprintf(h, "unreadable %q %v\n", name, err)
		return
	}
	defer f.Close()
	content := sha256.New()
	n, err := io.Copy(content, io.LimitReader(f, pipeline.MaxSize+1))
	fmt.Fprintf(h, "file %q %d %x %v\n", name, n, content.Sum(nil), err)
}
