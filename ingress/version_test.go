package ingress_test

import (
	"fmt"
	"runtime/debug"
	"testing"
)

// TestFasthttpMinimum: fiber itself asks for a fasthttp that lets ambiguous requests through. The
// version in go.mod must not fall back to it.
func TestFasthttpMinimum(t *testing.T) {
	t.Parallel()
	const path, wantMinor = "github.com/valyala/fasthttp", 73
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("the binary has no build information")
	}
	for _, m := range info.Deps {
		if m.Path != path {
			continue
		}
		var major, minor int
		if _, err := fmt.Sscanf(m.Version, "v%d.%d.", &major, &minor); err != nil {
			t.Fatalf("version %q: %v", m.Version, err)
		}
		if major != 1 || minor < wantMinor {
			t.Errorf("%s is %s, want v1.%d or newer", path, m.Version, wantMinor)
		}
		return
	}
	t.Errorf("%s is not among the modules of this binary", path)
}
