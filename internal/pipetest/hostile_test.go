package pipetest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
)

// TestHostileFiles reads files that are made to cost much. Each is refused or read; what it took is shown, and the
// bound is only there against what grows without end.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	const half = 1 << 18
	lang := pipetest.NewLanguage(time.Now)
	for name, text := range map[string]string{
		"deep lists":       "cases: " + strings.Repeat("[", half),
		"deep maps":        "cases: " + strings.Repeat("{a: ", half/4),
		"aliases":          "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ncases: [*c,*c,*c,*c]\n",
		"unknown names":    manyLines(half, "n%d: 1\n"),
		"unknown matchers": "cases:\n  - name: x\n    expect:\n      body:\n" + manyLines(half, "        - {$m%d: 1}\n"),
		"failure codes":    "cases:\n  - name: x\n    expect: {status: done}\n    mocks:\n" + manyLines(half, "      - {command: a, fail: mail.relay_%d}\n"),
		"same names":       "cases:\n" + manyLines(half, "  - {name: x, expect: {status: done}} # %d\n"),
		"expressions":      "cases:\n  - name: x\n    expect:\n      body:\n" + manyLines(half, "        - ${value + }%d\n"),
		"pattern":          "cases:\n  - name: x\n    expect: {body: {$matches: '" + strings.Repeat("(a*)*", half/8) + "'}}\n",
		"one long key":     strings.Repeat("k", half) + ": 1\n",
		"control":          "cases: \x00\n",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, err := pipetest.Parse("a.test.yaml", []byte(text), lang)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			t.Logf("%s, %d MB", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20)
			if err == nil && name != "pattern" && name != "failure codes" {
				t.Error("it is taken for a test file")
			}
			if err != nil && fault.CodeOf(err) == fault.Internal {
				t.Errorf("it is refused with %v", err)
			}
			if took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func manyLines(size int, line string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}
