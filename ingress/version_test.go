package ingress_test

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestFasthttpMinimum: fiber itself asks for a fasthttp that lets ambiguous requests through. The
// version in go.mod must not fall back towards it.
func TestFasthttpMinimum(t *testing.T) {
	t.Parallel()
	const wantMinor = 73
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^\s*github\.com/valyala/fasthttp v1\.(\d+)\.\d+$`).FindSubmatch(mod)
	if m == nil {
		t.Fatal("go.mod does not require fasthttp directly")
	}
	if minor, err := strconv.Atoi(string(m[1])); err != nil || minor < wantMinor {
		t.Errorf("fasthttp is v1.%s, want v1.%d or newer", m[1], wantMinor)
	}
}
