package decode_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// growth gives back unused memory and starts to watch; the function it returns says by how many bytes the
// process was larger at its peak. Where the system does not tell, it is what Go's heap has taken since.
func growth(t testing.TB) func() int64 {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		return func() int64 {
			runtime.ReadMemStats(&after)
			return int64(after.HeapSys) - int64(before.HeapSys)
		}
	}
	before := peak(t)
	return func() int64 { return peak(t) - before }
}

func peak(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "VmHWM:")
	if !ok {
		t.Fatal("the system does not say how large the process was")
	}
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
