package pipeline_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// bomb is nine levels of aliases, each used nine times.
func bomb() string {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'i'; c++ {
		fmt.Fprintf(&b, "%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	return b.String() + "pipeline:\n  - log: *i\n"
}

// TestHostileFiles: each ends soon, in little memory, with positions in its faults.
func TestHostileFiles(t *testing.T) {
	many := func(text string) string { return strings.Repeat(text, pipeline.MaxSize/len(text)) }
	cases := map[string]string{
		"bomb":             bomb(),
		"self alias":       "a: &a [*a]\npipeline: [log]\n",
		"open lists":       strings.Repeat("[", 200<<10),
		"open maps":        strings.Repeat("{a: ", 50<<10),
		"closed lists":     "pipeline: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"51 levels":        "body: " + strings.Repeat("[", 51) + strings.Repeat("]", 51) + "\npipeline: [log]\n",
		"nested sequences": "pipeline:\n" + strings.Repeat("- ", 100<<10),
		"duplicate keys":   "pipeline: [log]\nbody:\n" + strings.Repeat("  a: 1\n", 30<<10),
		"merge":            "base: &b {x: 1}\nbody: {<<: *b}\npipeline: [log]\n",
		"tags":             "body: !!python/object {x: 1}\npipeline: [log]\n",
		"two documents":    "pipeline: [log]\n---\npipeline: [log]\n",
		"many documents":   many("---\n"),
		"comments":         many("#\n") + "x",
		"line comments":    "body:\n" + strings.Repeat("  - a # b\n", 20<<10),
		"quotes":           many(`"`),
		"dashes":           many("- "),
		"colons":           many(": "),
		"question marks":   many("? "),
		"long line":        "pipeline: [log]\nbody: " + strings.Repeat("a", 250<<10) + "\nx",
		"NUL":              "pipeline:\n  - log: \x00\n",
		"UTF-16":           "\xff\xfea\x00",
		"too large":        many("a") + "aa",
		"many unknowns":    "pipeline:\n" + strings.Repeat("  - unknown.command\n", 12<<10),
		"many anchors":     "body:\n" + strings.Repeat("  - &a 1\n", 20<<10) + "pipeline: [log]\n",
		"long names":       "pipeline:\n  - " + strings.Repeat("x", 100<<10) + "\n",
	}
	const slowest, most = 20 * time.Second, 512 << 20
	d := deps(t, &world{})
	for name, text := range cases {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		started := time.Now()
		_, err := pipeline.Load("a.pi.yaml", []byte(text), d)
		took := time.Since(started)
		runtime.ReadMemStats(&after)
		t.Logf("%-18s %8s %6d KiB", name, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10)
		var list fault.List
		if !errors.As(err, &list) || len(list) == 0 {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, e := range list {
			if e.Pos.Line == 0 || e.Pos.Column == 0 || len(e.Error()) > 2000 {
				t.Errorf("%s: %.300q at %+v", name, e.Error(), e.Pos)
				break
			}
		}
		if took > slowest || after.TotalAlloc-before.TotalAlloc > most {
			t.Errorf("%s: %s, %d bytes", name, took, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		fine, bomb(), "pipeline:\n  - log: ${body.x}\n  - set: {value: [1, {a: b}], output: vars.x, if: \"${1 > 0}\"}\n",
		"headers: {onError: {action: RETRY, times: 2, wait: 1}}\nvars: {a: 1}\nbody: |\n  x\n  ${y(}\npipeline:\n  - event.listen: {eventKey: a.#, selector: \"${headers.x}\"}\n",
		"pipeline:\n\t- log", "a: *b", "%TAG", "pipeline:\n - iam.run.as: systemuser\n - mail.send: {to: a, body: >-\n  x\n }",
	} {
		f.Add([]byte(text))
	}
	d := deps(f, &world{})
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := pipeline.Load("a.pi.yaml", src, d)
		if (p == nil) == (err == nil) {
			t.Fatalf("a plan or faults, not both or none: %v", err)
		}
		var list fault.List
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("the error is no list: %v", err)
		}
		for i, e := range list {
			lines := strings.Count(string(src), "\n") + 1
			if e.Pos.File != "a.pi.yaml" || e.Pos.Line < 1 || e.Pos.Column < 1 || e.Pos.Line > lines+1 || e.Code == "" || e.Code == fault.Internal {
				t.Fatalf("bad fault %q: %v", e.Code, e)
			}
			if i > 0 && list[i-1].Pos.Line > e.Pos.Line {
				t.Fatal("the faults are not in order")
			}
		}
	})
}
