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

	"github.com/penstock/penstock/internal/metrics"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
)

// lookEvery is how often the pipeline directory is read for changes. A change is taken over when two looks
// found the same, so that a file that is being written is left alone.
const lookEvery = time.Second

// Pipelines is what `GET /api/v3/status` tells of the loaded pipelines.
type Pipelines struct {
	Count       int       `json:"count"`
	Loaded      time.Time `json:"loaded"`           // when this set was taken over
	Broken      []string  `json:"broken,omitempty"` // why files as they are now were not
	BrokenSince time.Time `json:"brokenSince,omitzero"`
}

// mostBroken is how many faults Pipelines.Broken names.
const mostBroken = 20

// catalog keeps the loaded pipelines in step with the files of a directory: it finds changes, and makes those that
// are asked for. A broken file keeps its last good version; what is loaded always fits together, and is swapped all
// at once.
type catalog struct {
	dir     string
	tools   *Tools
	sources store.Sources
	reload  func(ctx context.Context, set []*pipeline.Plan, authors map[string]string) error
	metrics *metrics.Pipelines
	log     *slog.Logger
	now     func() time.Time

	changing sync.Mutex // of whoever looks at the files or changes them
	judged   digest     // of the files that were looked at last
	seen     digest     // of the last look

	mu     sync.Mutex
	state  Pipelines
	files  []pipeline.File
	loaded map[string]loadedPlan
	told   string // the faults that were told last
}

type loadedPlan struct {
	plan  *pipeline.Plan
	since time.Time
}

// first loads the pipelines for a start. A broken file runs in the version that was loaded last, and one that was never
// good is left out: the server goes on as it was before it ended. Where nothing was loaded before, the faults are the
// caller's.
func (c *catalog) first(ctx context.Context) ([]*pipeline.Plan, error) {
	c.judged, _ = digestOf(c.dir) // what is written meanwhile differs, and is loaded at a later look
	c.seen = c.judged
	var asked error
	var last map[string]*pipeline.Plan
	good := func(name string) *pipeline.Plan {
		if last == nil {
			last, asked = c.lastLoaded(ctx)
		}
		return last[name]
	}
	files, err := c.read()
	if err != nil {
		return nil, err
	}
	set, err := pipeline.Combine(files, good)
	faults := pipeline.FaultsOf(files)
	if len(faults) > 0 {
		good("") // asks, if nobody did yet
	}
	switch {
	case asked != nil:
		return nil, asked
	case err != nil, len(faults) > 0 && len(last) == 0:
		return nil, append(faults, listOf(err)...)
	}
	c.log.Info("loaded the pipelines", "count", len(set), "dir", c.dir)
	c.took(files, set)
	return set, nil
}

// lastLoaded gives what was loaded when the last process ended.
func (c *catalog) lastLoaded(ctx context.Context) (map[string]*pipeline.Plan, error) {
	plans := map[string]*pipeline.Plan{}
	sources, err := c.sources.LoadedSources(ctx)
	for _, src := range sources {
		if p, err := c.tools.compileKept(src); err == nil { // else the file's own faults are told
			plans[src.Pipeline] = p
		}
	}
	return plans, err
}

// read loads every file by itself; a directory that does not exist holds none.
func (c *catalog) read() ([]pipeline.File, error) {
	root, err := os.OpenRoot(c.dir)
	if errors.Is(err, os.ErrNotExist) {
		c.log.Warn("the pipeline directory does not exist; no pipeline is loaded", "dir", c.dir)
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.PipelineRead, err, "opening the pipeline directory").In("pipelines.dir")
	}
	defer root.Close()
	return pipeline.LoadFiles(root.FS(), c.deps(), c.plan)
}

func (c *catalog) deps() pipeline.Deps {
	deps := c.tools.deps()
	deps.Dir = c.dir
	return deps
}

// plan gives the loaded plan of a pipeline, or nil.
func (c *catalog) plan(name string) *pipeline.Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loaded[name].plan
}

func (c *catalog) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.look(ctx)
		}
	}
}

// look reads the directory once and takes over what changed and did not change again since the last look.
func (c *catalog) look(ctx context.Context) {
	c.changing.Lock()
	defer c.changing.Unlock()
	now, there := digestOf(c.dir)
	settled := now == c.seen
	c.seen = now
	if now == c.judged || !settled {
		return
	}
	if !there {
		c.judged = now
		c.refuse(nil, fault.New(fault.PipelineRead, "the pipeline directory %s is gone", c.dir).WithHint("put it back, or restart the server without it"))
		return
	}
	files, err := c.read()
	if again, _ := digestOf(c.dir); again != now { // what was loaded may be a mixture
		c.seen = again
		return
	}
	c.judged = now
	var set []*pipeline.Plan
	if err == nil {
		set, err = pipeline.Combine(files, c.plan)
	}
	if err == nil {
		err = c.take(ctx, files, set, nil)
	}
	if err != nil {
		c.refuse(files, append(pipeline.FaultsOf(files), listOf(err)...)...)
	}
}

// take has the set loaded, if it is another one than before.
func (c *catalog) take(ctx context.Context, files []pipeline.File, set []*pipeline.Plan, authors map[string]string) error {
	changed := !c.same(set)
	if changed {
		if err := c.reload(ctx, set, authors); err != nil {
			return err
		}
	}
	switch faults := pipeline.FaultsOf(files); {
	case !changed && !c.news(faults): // the files that the API just wrote are looked at once more
	case len(faults) > 0:
		c.metrics.Reloaded(metrics.ReloadPartial)
	default:
		c.metrics.Reloaded(metrics.ReloadComplete)
	}
	c.took(files, set)
	return nil
}

// news reports whether the faults are others than those that were told last.
func (c *catalog) news(faults fault.List) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return faults.Error() != c.told
}

func (c *catalog) same(set []*pipeline.Plan) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range set {
		if c.loaded[p.Name()].plan != p {
			return false
		}
	}
	return len(set) == len(c.loaded)
}

// took notes what is loaded now.
func (c *catalog) took(files []pipeline.File, set []*pipeline.Plan) {
	faults := pipeline.FaultsOf(files)
	broken := 0
	for _, f := range files {
		if len(f.Faults) > 0 {
			broken++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().UTC()
	changed := len(set) != len(c.loaded) || c.state.Loaded.IsZero()
	loaded := make(map[string]loadedPlan, len(set))
	for _, p := range set {
		before, known := c.loaded[p.Name()]
		if !known || before.plan.Version() != p.Version() {
			before.since = now
		}
		if before.plan != p {
			changed = true
			c.warn(p)
		}
		loaded[p.Name()] = loadedPlan{p, before.since}
	}
	c.files, c.loaded = files, loaded
	if c.state.Count = len(set); changed {
		c.state.Loaded = now
	}
	c.tell(faults)
	c.metrics.State(len(set), broken)
}

func (c *catalog) warn(p *pipeline.Plan) {
	for _, w := range p.Warnings {
		c.log.Warn("a pipeline is doubtful", "pipeline", p.Name(), "code", w.Code, "warning", w.Error())
	}
}

// refuse keeps what is loaded and says why.
func (c *catalog) refuse(files []pipeline.File, faults ...*fault.Error) {
	c.metrics.Reloaded(metrics.ReloadRefused)
	c.mu.Lock()
	defer c.mu.Unlock()
	if files != nil {
		c.files = files
	}
	c.tell(faults)
}

// tell makes faults known. The caller holds the lock.
func (c *catalog) tell(faults fault.List) {
	if faults.Error() == c.told {
		return
	}
	c.told = faults.Error()
	c.state.Broken = nil
	switch {
	case len(faults) == 0:
		c.state.BrokenSince = time.Time{}
	case c.state.BrokenSince.IsZero():
		c.state.BrokenSince = c.now().UTC()
	}
	for _, f := range faults {
		if len(c.state.Broken) == mostBroken {
			c.state.Broken = append(c.state.Broken, fmt.Sprintf("and %d more", len(faults)-mostBroken))
			break
		}
		c.state.Broken = append(c.state.Broken, f.Error())
		c.log.Error("a pipeline file cannot be taken over; the pipeline stays as it was loaded", "code", f.Code, "error", f.Error())
	}
}

// listOf gives the single faults of an error.
func listOf(err error) fault.List {
	var list fault.List
	var one *fault.Error
	switch {
	case err == nil, errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return fault.List{one}
	}
	return fault.List{fault.Wrap(fault.Internal, err, "loading the pipelines")}
}

func (c *catalog) status() Pipelines {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
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
