package wasm_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// rememberer is a guest that answers with the number of the step that it was called for before, and remembers this one's.
// It keeps the whole request at 32 KiB and copies the old one out first.
func rememberer() []byte {
	const name = "keep.guest"
	manifest := guest.Manifest(name, nil)
	b := guest.ABI(manifest)
	length := b.Global(0)
	b.Run(
		guest.GlobalGet(length), guest.Op(0x04, 0x40), // if length
		guest.Const(guest.TextAt), guest.GlobalGet(length), guest.Call(guest.Output),
		guest.Op(0x0b),
		guest.Const(guest.TextAt), guest.Call(guest.Input),
		guest.LocalGet(1), guest.GlobalSet(length), guest.Const(0))
	return packed(b, manifest)
}

// crossings lets two tenants take turns and counts how often one gets to see something of the other, or of itself.
func crossings(t *testing.T, s wasm.Settings, turns int) int {
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	command1 := load(t, h, rememberer(), s).Definitions()[0].Command
	n := 0
	for i := range turns {
		r, err := command1.Run(t.Context(), command.Call{Body: "secret of tenant " + strconv.Itoa(i%2)})
		if err != nil {
			t.Fatal(err)
		}
		if r.HasValue {
			n++
		}
	}
	return n
}

func TestFreshInstancesKeepNothing(t *testing.T) {
	t.Parallel()
	if n := crossings(t, wasm.Settings{Isolation: wasm.Fresh}, 5_000); n != 0 {
		t.Errorf("%d crossings", n)
	}
	if n := crossings(t, wasm.Settings{Instances: 1}, 10); n != 9 { // or the test would prove nothing
		t.Errorf("a pooled instance remembered %d times of 9", n)
	}
}

func TestPluginsShareNoInstances(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	a, b := load(t, h, rememberer(), wasm.Settings{}), load(t, h, rememberer(), wasm.Settings{})
	for range 10 {
		for i, p := range []*wasm.Plugin{a, b} {
			r, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{Step: i + 1})
			if err != nil {
				t.Fatal(err)
			}
			if !r.HasValue {
				continue
			}
			if got := r.Value.(map[string]any)["ctx"].(map[string]any)["step"]; got != i+1 {
				t.Fatalf("plugin %d saw step %v", i+1, got)
			}
		}
	}
	// Closing one of two loads of the same bytes leaves the other one's code alone.
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := load(t, h, rememberer(), wasm.Settings{})
	for _, p := range []*wasm.Plugin{b, c} {
		if _, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{}); err != nil {
			t.Error(err)
		}
	}
	_, err := a.Definitions()[0].Command.Run(t.Context(), command.Call{})
	wantCode(t, err, fault.PluginUnknown)
}

// TestMemoryStaysFlat: a small allocating Go guest that never yields. Under the engine's fake clock such guests have been
// seen to grow without bound from about call 440,000 on; see also TestRealClock.
func TestMemoryStaysFlat(t *testing.T) {
	t.Parallel()
	calls := 520_000
	if testing.Short() {
		calls = 20_000
	}
	p := loadGo(t, wasm.Options{RecycleCalls: 1 << 30}, wasm.Settings{Instances: 1, MemoryMB: 64})
	alloc := p.Definitions()[0].Command
	for range calls {
		if _, err := alloc.Run(context.Background(), command.Call{}); err != nil {
			t.Fatal(err)
		}
	}
	s := p.Stats()
	t.Logf("%d bytes after %d calls", s.MemoryBytes, calls)
	if s.MemoryBytes > 16<<20 {
		t.Errorf("the guest's memory grew to %d bytes", s.MemoryBytes)
	}
}

func TestRecycling(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir(), RecycleCalls: 3})
	p := load(t, h, rememberer(), wasm.Settings{Instances: 1})
	var remembered []bool
	for range 7 {
		r, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{})
		if err != nil {
			t.Fatal(err)
		}
		remembered = append(remembered, r.HasValue)
	}
	want := []bool{false, true, true, false, true, true, false}
	for i := range want {
		if remembered[i] != want[i] {
			t.Fatalf("remembered %v, want %v", remembered, want)
		}
	}
}

// TestGrownInstanceIsReplaced: a guest that grew to 40 MB for one call does not keep them.
func TestGrownInstanceIsReplaced(t *testing.T) {
	t.Parallel()
	const name = "grow.guest"
	b := guest.ABI(guest.Manifest(name, nil))
	b.Run(guest.Const(640), guest.Op(0x40, 0, 0x1a), guest.Const(0))
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	p := load(t, h, packed(b, guest.Manifest(name, nil)), wasm.Settings{Instances: 1})
	if _, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{}); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Instances != 0 {
		t.Errorf("the grown instance was kept: %+v", s)
	}
}

func TestManyCallersFewInstances(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir(), MaxInstances: 3, IdleTime: 20 * time.Millisecond})
	plugins := make([]*wasm.Plugin, 4) // more plugins than instances: idle ones must make room
	for i := range plugins {
		plugins[i] = load(t, h, rememberer(), wasm.Settings{Instances: 2})
	}
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for range 50 {
				if _, err := plugins[i%len(plugins)].Definitions()[0].Command.Run(t.Context(), command.Call{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	living := 0
	for _, p := range plugins {
		living += p.Stats().Instances
	}
	if living > 3 {
		t.Errorf("%d instances live, allowed are 3", living)
	}
}

// gate is a capability whose operations wait until as many callers are in it as it counts. It stands in for kv.
type gate struct{ wait *sync.WaitGroup }

func newGate(callers int) gate {
	g := gate{&sync.WaitGroup{}}
	g.wait.Add(callers)
	return g
}

func (g gate) Name() string                                   { return "kv" }
func (g gate) Grant(map[string]any) (capability.Power, error) { return g, nil }
func (g gate) Call(context.Context, string, []byte) ([]byte, error) {
	g.wait.Done()
	g.wait.Wait()
	return nil, nil
}

func (g gate) capabilities() []capability.Capability { return []capability.Capability{g} }

func TestIdleInstancesAreClosed(t *testing.T) {
	t.Parallel()
	const callers = 4
	g := newGate(callers)
	h := newHost(t, wasm.Options{CacheDir: t.TempDir(), IdleTime: 50 * time.Millisecond, Capabilities: g.capabilities()})
	manifest := guest.Manifest("gate.guest", map[string]any{"capabilities": []string{"kv"}})
	b := guest.ABI(manifest)
	b.Run(b.Text(0, "kv.in"), guest.Const(0), guest.Const(0), guest.Call(guest.CallHost), guest.Op(0x1a), guest.Const(0))
	p := load(t, h, packed(b, manifest), wasm.Settings{Instances: callers, Grants: map[string]map[string]any{"kv": nil}})
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if _, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait() // four instances were in use at the same time
	for end := time.Now().Add(20 * time.Second); p.Stats().Instances > 1; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("idle instances are still there: %+v", p.Stats())
		}
	}
	if p.Stats().Instances != 1 {
		t.Error("the last instance was closed too")
	}
}

func TestCloseWaitsForCalls(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	b := guest.ABI(guest.Manifest(bad, nil))
	p := load(t, h, packed(b.Run(guest.Forever(), guest.Const(0)), guest.Manifest(bad, nil)), wasm.Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.Definitions()[0].Command.Run(ctx, command.Call{})
		ended <- err
	}()
	for p.Stats().Idle == p.Stats().Instances { // until the call has its instance
		runtime.Gosched()
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
	select {
	case err := <-ended:
		wantCode(t, err, fault.CommandCanceled)
	default:
		t.Error("Close returned while a call was running")
		<-ended
	}
}

// TestEngineInterrupt: a module with tail calls runs only when the operator trusts it, and its loops are still stopped.
func TestEngineInterrupt(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	b := guest.ABI(guest.Manifest(bad, nil))
	b.Run(guest.Call(9), guest.Const(0))
	b.Func(nil, nil, nil, guest.Op(0x12, 10))
	b.Func(nil, nil, nil, guest.Forever())
	p := load(t, h, packed(b, guest.Manifest(bad, nil)), wasm.Settings{EngineInterrupt: true, Timeout: 200 * time.Millisecond})
	for range 3 {
		_, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{})
		wantCode(t, err, fault.PluginTimeout)
	}
}

// TestSwappedFile: what is checked is what runs, whatever happens to the file meanwhile.
func TestSwappedFile(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	good, evil := rememberer(), packed(abi(guest.Op(0x00)), guest.Manifest(bad, nil))
	pinned := wasm.Settings{Digest: wasm.Digest(good)}
	dir := t.TempDir()
	goodFile, evilFile, link := filepath.Join(dir, "good"), filepath.Join(dir, "evil"), filepath.Join(dir, "plugin.wasm")
	for file, data := range map[string][]byte{goodFile: good, evilFile: evil} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			fresh := link + strconv.Itoa(i)
			_ = os.Symlink([]string{goodFile, evilFile}[i%2], fresh)
			_ = os.Rename(fresh, link)
		}
	})
	refused, loaded := 0, 0
	for end := time.Now().Add(30 * time.Second); (refused < 50 || loaded < 50) && time.Now().Before(end); {
		data, err := os.ReadFile(link)
		if err != nil {
			continue // before the first swap
		}
		p, err := h.Load(t.Context(), wasm.Source{Name: link, Bytes: data}, pinned)
		if err != nil {
			wantCode(t, err, fault.PluginInvalid)
			refused++
			continue
		}
		if loaded++; p.Manifest().Name != "keep.guest" || p.Digest() != pinned.Digest {
			t.Errorf("loaded %s", p.Manifest().Name)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	swapper.Wait()
	if refused == 0 || loaded == 0 {
		t.Errorf("%d loads and %d refusals prove nothing", loaded, refused)
	}
	for i := range good { // one bit anywhere
		flipped := append([]byte(nil), good...)
		flipped[i] ^= 1
		if _, err := h.Load(t.Context(), wasm.Source{Bytes: flipped}, pinned); fault.CodeOf(err) != fault.PluginInvalid {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// TestDamagedCache: a cache that was cut off by a lost power supply costs a compilation, not the start.
func TestDamagedCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	for _, damage := range []func(data []byte) []byte{
		func(data []byte) []byte { return data[:len(data)/2] },
		func(data []byte) []byte { return nil },
		func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
	} {
		h, err := wasm.NewHost(t.Context(), wasm.Options{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		p := load(t, h, rememberer(), wasm.Settings{})
		if _, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{}); err != nil {
			t.Error(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
		if len(files) == 0 {
			t.Fatal("nothing was cached")
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err == nil {
				err = os.WriteFile(f, damage(data), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the cache has the rights %v, %v", info.Mode(), err)
	}
	h := newHost(t, wasm.Options{CacheDir: dir})
	load(t, h, rememberer(), wasm.Settings{})
}
