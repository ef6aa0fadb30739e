package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
)

// inProcess is a whole server in this process.
type inProcess struct {
	*app.App
	t   *testing.T
	dir string // of its pipelines
	url string // of the admin API
	log *logBuffer
}

// serveHere runs a server over the files until the test ends.
func serveHere(t *testing.T, files map[string]string, set ...string) *inProcess {
	t.Helper()
	dir := t.TempDir()
	s := &inProcess{t: t, dir: filepath.Join(dir, "pipelines"), log: &logBuffer{}}
	s.write(files)
	config, err := configs.Load(configs.Sources{Set: append([]string{
		"store.dir=" + filepath.Join(dir, "data"), "pipelines.dir=" + s.dir, "plugins.dir=" + filepath.Join(dir, "none"),
		"ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0", "admin.token=" + token, "engine.poll=20ms", "store.reserve=8MiB",
	}, set...)})
	if err != nil {
		t.Fatal(err)
	}
	s.App, err = app.Open(t.Context(), app.Params{
		Config: config, Logger: slog.New(slog.NewTextHandler(s.log, nil)), Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.url = "http://" + (<-s.Listening()).Admin
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// write puts files into the pipeline directory; an empty text removes one.
func (s *inProcess) write(files map[string]string) {
	s.t.Helper()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(s.dir, name+".pi.yaml")
		if text == "" {
			if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
				s.t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// taken has the files of the directory judged: two looks that find the same.
func (s *inProcess) taken() {
	s.Look(s.t.Context())
	s.Look(s.t.Context())
}

func (s *inProcess) emit(key string) string {
	s.t.Helper()
	id, err := s.Emit(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// settled waits until the event is settled and gives its runs by pipeline.
func (s *inProcess) settled(id string) map[string]run.Run {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		e, err := s.Store().Event(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		if !e.Settled.IsZero() {
			break
		}
		if time.Now().After(end) {
			s.t.Fatal("the event is not settled")
		}
	}
	runs, err := s.Store().RunsOf(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]run.Run{}
	for _, r := range runs {
		out[r.Pipeline] = r
	}
	return out
}

// metric looks for lines among what the server counted.
func (s *inProcess) metric(want ...string) {
	s.t.Helper()
	_, text, _ := s.Metrics().Text("text/plain")
	for _, line := range want {
		if !strings.Contains(string(text), line+"\n") {
			s.t.Errorf("the metrics lack %s", line)
		}
	}
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > 1<<20 {
		return len(p), nil
	}
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWatch(t *testing.T) {
	t.Parallel()
	text := "pipeline:\n  - event.listen: a.b\n  - body.set: %s\n"
	s := serveHere(t, map[string]string{"p": fmt.Sprintf(text, "one")})
	bodyIs := func(want string) {
		t.Helper()
		if got := string(s.settled(s.emit("a.b"))["p"].Body); got != want {
			t.Errorf("the pipeline answers %s, want %s", got, want)
		}
	}
	bodyIs(`"one"`)

	// The loop of the server itself finds the change.
	s.write(map[string]string{"p": fmt.Sprintf(text, "two"), "q": fmt.Sprintf(text, "other")})
	for end := time.Now().Add(time.Minute); s.Loaded().Count != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the change is not taken over")
		}
	}
	bodyIs(`"two"`)

	// A broken file keeps its last good version and is reported; the others are taken over.
	s.write(map[string]string{"p": fmt.Sprintf(text, "three"), "q": "pipeline:\n  - event.listen: a.b\n  - lgo: x\n"})
	s.taken()
	bodyIs(`"three"`)
	if got := string(s.settled(s.emit("a.b"))["q"].Body); got != `"other"` {
		t.Errorf("the last good version of the broken file answers %s", got)
	}
	state := s.Loaded()
	if state.Count != 2 || len(state.Broken) != 1 || !strings.Contains(state.Broken[0], "q.pi.yaml:3:5") || state.BrokenSince.IsZero() {
		t.Errorf("the state does not tell of the broken file: %+v", state)
	}
	if !strings.Contains(s.log.String(), "q.pi.yaml:3:5") {
		t.Error("the log does not tell of the broken file")
	}

	s.metric(`penstock_pipelines_loaded 2`, `penstock_pipelines_broken 1`, `penstock_pipelines_reloads_total{outcome="partial"} 1`)

	// A file that was never good is only reported.
	s.write(map[string]string{"r": "pipeline:\n  - lgo: x\n"})
	s.taken()
	if state := s.Loaded(); state.Count != 2 || len(state.Broken) != 2 {
		t.Errorf("the state is %+v", state)
	}

	// Once they are mended, or gone, nothing is reported.
	s.write(map[string]string{"q": "", "r": ""})
	s.taken()
	bodyIs(`"three"`)
	if state := s.Loaded(); state.Count != 1 || state.Broken != nil || !state.BrokenSince.IsZero() {
		t.Errorf("the state is still %+v", state)
	}

	s.metric(`penstock_pipelines_loaded 1`, `penstock_pipelines_broken 0`, `penstock_pipelines_reloads_total{outcome="refused"} 0`)

	// A pipeline that another one runs cannot be taken away from it: everything stays as it was.
	s.write(map[string]string{"p": "pipeline:\n  - event.listen: a.b\n  - iam.run.as: systemuser\n  - pipeline.run: inner\n", "inner": "pipeline:\n  - body.set: four\n"})
	s.taken()
	bodyIs(`"four"`)
	s.write(map[string]string{"inner": "", "other": fmt.Sprintf(text, "other")})
	s.taken()
	bodyIs(`"four"`)
	if state := s.Loaded(); state.Count != 2 || len(state.Broken) == 0 || !strings.Contains(strings.Join(state.Broken, "\n"), `there is no pipeline "inner"`) {
		t.Errorf("the state is %+v", state)
	}
	s.write(map[string]string{"p": fmt.Sprintf(text, "three"), "other": ""})
	s.taken()
	bodyIs(`"three"`)

	// A directory that is gone ends nothing.
	if err := os.Rename(s.dir, s.dir+".away"); err != nil {
		t.Fatal(err)
	}
	s.taken()
	bodyIs(`"three"`)
	if state := s.Loaded(); state.Count != 1 || len(state.Broken) != 1 || !strings.Contains(state.Broken[0], "is gone") {
		t.Errorf("the state is %+v", state)
	}

	// Removed pipelines end.
	if err := os.Rename(s.dir+".away", s.dir); err != nil {
		t.Fatal(err)
	}
	s.write(map[string]string{"p": ""})
	s.taken()
	if runs := s.settled(s.emit("a.b")); len(runs) != 0 {
		t.Errorf("a removed pipeline ran: %v", runs)
	}
}

// A file that is still being written is left alone: one look is not enough.
func TestWatchWaitsForWriters(t *testing.T) {
	t.Parallel()
	s := serveHere(t, map[string]string{"p": "pipeline:\n  - event.listen: a.b\n  - body.set: one\n"})
	loaded := s.Loaded().Loaded
	for i := range 5 {
		s.write(map[string]string{"p": fmt.Sprintf("pipeline:\n  - event.listen: a.b\n  - body.set: %d\n", i)})
		s.Look(t.Context())
	}
	if got := s.Loaded().Loaded; !got.Equal(loaded) && time.Since(loaded) < lookEvery {
		t.Error("a file that changes with every look was taken over")
	}
}

const lookEvery = time.Second

// Five hundred reloads under load, every tenth of a broken set: no run is lost, mixed or failed by them,
// and nothing is left behind.
func TestReloadsUnderLoad(t *testing.T) {
	const reloads, callers = 500, 4
	set := func(n int) map[string]string {
		files := map[string]string{
			"quick":  fmt.Sprintf("pipeline:\n  - event.listen: load.event\n  - var.set: {key: n, value: %[1]d}\n  - body.set: \"%[1]d ${vars.n}\"\n", n),
			"slow":   fmt.Sprintf("pipeline:\n  - event.listen: load.event\n  - var.set: {key: n, value: %[1]d}\n  - wait: {ms: 1100}\n  - body.set: \"%[1]d ${vars.n}\"\n", n),
			"steady": "pipeline:\n  - event.listen: load.event\n  - body.set: \"1 1\"\n",
			"guest":  "",
		}
		if n%7 == 0 && n%10 != 9 {
			files["guest"] = files["steady"]
		}
		if n%10 == 9 {
			files["quick"] = fmt.Sprintf("pipeline:\n  - event.listen: load.event\n  - body.set: \"%d broken\"\n  - lgo: x\n", n)
		}
		return files
	}
	s := serveHere(t, set(0))
	before, heap := measure()
	var mu sync.Mutex
	var ids []string
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range callers {
		load.Go(func() {
			for ctx.Err() == nil {
				id, err := s.Emit(context.WithoutCancel(ctx), "load.event")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ids = append(ids, id)
				mu.Unlock()
				time.Sleep(5 * time.Millisecond) // a load that the slowest machine can carry beside the reloads
			}
		})
	}
	begin, broken, stored := time.Now(), 0, 0
	for n := 1; n <= reloads; n++ {
		s.write(set(n))
		s.taken()
		if n%5 == 0 { // somebody stores a pipeline through the API meanwhile, which is called at once
			stored++
			text := fmt.Sprintf("pipeline:\n  - event.listen: load.event\n  - set: \"%[1]d %[1]d\"\n", n)
			if got := s.ask("PUT", "/api/v3/pipeline:by-api", text); got.status >= 300 {
				t.Errorf("storing a pipeline: %d %s", got.status, got.body)
			}
			if got := s.ask("POST", "/api/v3/pipeline:by-api", ""); got.body != fmt.Sprintf("%[1]d %[1]d", n) {
				t.Errorf("the stored pipeline answers %d %s, want %d", got.status, got.body, n)
			}
		}
		if len(s.Loaded().Broken) > 0 {
			broken++
			if s.Loaded().Count != 4 { // quick in its last good version, slow, steady and by-api
				t.Errorf("reload %d: %d pipelines are loaded", n, s.Loaded().Count)
			}
		}
	}
	took := time.Since(begin)
	stop()
	load.Wait()
	versions, lost, mixed, failed, beside := map[string]bool{}, 0, 0, 0, 0
	for _, id := range ids {
		runs := s.settled(id)
		for _, name := range []string{"quick", "slow", "steady", "by-api"} {
			r, ran := runs[name]
			if !ran && name == "by-api" { // it was not there from the beginning
				continue
			}
			first, second, _ := strings.Cut(strings.Trim(string(r.Body), `"`), " ")
			switch {
			case !ran:
				lost++
			case r.Status != run.Done:
				failed++
				t.Logf("%s failed: %s %s", name, r.Code, r.Message)
			case first != second || strings.HasSuffix(first, "9") && name == "quick":
				mixed++
				t.Logf("%s gave %s", name, r.Body)
			}
			if name == "slow" && strings.HasSuffix(first, "9") && !versions[name+first] {
				beside++
			}
			versions[name+first] = true
		}
	}
	after, heapAfter := measure()
	t.Logf("%d reloads in %s, %d of them with a broken file, and %d pipelines stored through the API: %d events, runs of %d versions; lost %d, mixed %d, failed %d; pipelines of a broken set that were taken over %d; goroutines %d before, %d after; heap %d KiB before, %d KiB after",
		reloads, took.Round(time.Millisecond), broken, stored, len(ids), len(versions), lost, mixed, failed, beside, before, after, heap>>10, heapAfter>>10)
	if lost+mixed+failed > 0 {
		t.Error("a run was lost, mixed or failed")
	}
	if broken != reloads/10 || len(versions) < 20 || len(ids) < 50 {
		t.Error("there were no reloads under load")
	}
	if beside == 0 {
		t.Error("a broken file held back the others")
	}
	if after > before+8 || heapAfter > heap+16<<20 {
		t.Error("something is left behind")
	}
}

// measure gives the number of goroutines and the bytes of the heap that are in use.
func measure() (goroutines int, heap uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}
