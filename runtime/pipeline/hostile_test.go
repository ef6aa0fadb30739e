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
		"open blocks":      "pipeline:\n" + strings.Repeat("  - if: x\n", 20<<10),
		"closed blocks":    "pipeline:\n" + strings.Repeat("  - if.end\n", 20<<10),
		"crossed blocks":   "pipeline:\n" + strings.Repeat("  - if: ${x}\n  - foreach: {in: 1}\n  - if.end\n", 5<<10),
		"many elses":       "pipeline:\n  - if: ${1}\n" + strings.Repeat("  - if.else\n", 18<<10),
		"many excepts":     "pipeline:\n" + strings.Repeat("  - except: {type: mail.relay_unavaileble}\n", 5<<10) + "x",
		"many branches":    "pipeline:\n  - parallel: {branches: [" + strings.Repeat("[log],", 30<<10) + "]}\n",
		"many conditions":  "pipeline:\n  - switch:\n" + conditions(8<<10) + "      1 +: x\n",
		"unknown macros":   "pipeline:\n" + macros(4<<10, "abcdefg%d") + strings.Repeat("  - macro.run: abcdefgh\n", 4<<10),
		"one line":         "pipeline: [" + oneLine(12<<10) + "nope]",
		"many steps":       "pipeline:\n" + strings.Repeat("  - set: ${body.x}\n", 12<<10),
		"many expressions": "pipeline: [log]\nbody: [" + strings.Repeat("\"${1}\",", 36<<10) + "]\n",
		"one long text":    "pipeline: [log]\nbody: \"" + strings.Repeat("${1}", 63<<10) + "\"\n",
		"folded texts":     "pipeline: [nope]\nbody:\n" + strings.Repeat("  - ${@text.leftPad('', 200000)}\n", 7<<10),
		"folded lists":     "pipeline: [nope]\nbody:\n" + strings.Repeat("  - ${(1..15000)}\n", 10<<10),
		"folded loops":     "pipeline: [nope]\nbody:\n" + strings.Repeat("  - ${sum(1..9000, {# * 2})}\n", 7<<10),
		"mixed text":       "pipeline: [log]\nbody: \"" + strings.Repeat("${a} ", 50<<10) + "\"\n",
		"many utils":       "pipeline: [nope]\nbody:\n" + strings.Repeat("  - ${@text.upperCase(body.x.y.z)}\n", 7<<10),
		"many outputs":     "pipeline:\n" + strings.Repeat("  - set: {value: 1, output: vars.a.b.c}\n", 6<<10),
		"many misspelt":    "pipeline:\n" + strings.Repeat("  - lgo: ${@txt.upperCas(bdy.x)}\n", 7<<10),
		"many headers":     "headers:\n" + headers(8<<10) + "pipeline: [log]\n",
	}
	limits := map[string]string{ // what the fault has to name
		"open lists": "nested deeper", "51 levels": "deeper than 50 levels", "too large": "larger than 256 KiB", "open blocks": "deeper than 50 levels",
		"many steps": ":5002:5: a pipeline file has at most 5000 commands", "many expressions": "at most 8000 values with expressions",
		"one long text": ":2:7: a text holds at most 1000 expressions", "many branches": "branches",
	}
	const slowest, most = 20 * time.Second, 64 << 20
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
		if want := limits[name]; want != "" && !strings.Contains(list.Error(), want) {
			t.Errorf("%s: %.300v, want %q", name, list, want)
		}
		if took > slowest || after.TotalAlloc-before.TotalAlloc > most {
			t.Errorf("%s: %s, %d bytes", name, took, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

func headers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  name%d: ${vars.x}\n", i)
	}
	return b.String()
}

func conditions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "      body == %d: x\n", i)
	}
	return b.String()
}

func macros(n int, name string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - macro: {name: "+name+", do: 1}\n", i)
	}
	return b.String()
}

func oneLine(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{log: \"%d ${1}\"},", i)
	}
	return b.String()
}

// TestHeavyFiles: large and sound files are loaded soon, and cost no more than their size says.
func TestHeavyFiles(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString("pipeline:\n  - macro: {name: m0, do: [log]}\n")
	for i := range 200 {
		fmt.Fprintf(&doubling, "  - macro: {name: m%d, do: [{macro.run: m%d}, {macro.run: m%d}]}\n", i+1, i, i)
	}
	doubling.WriteString("  - macro.run: m200\n")
	var loops strings.Builder
	loops.WriteString("pipeline:\n" + strings.Repeat("  - foreach: {in: [1]}\n  - iam.run.as: systemuser\n", 48) + strings.Repeat("  - mail.send: {to: x}\n  - foreach.end\n", 48))
	var json strings.Builder
	json.WriteString(`{"pipeline": [`)
	for i := range 4 << 10 {
		fmt.Fprintf(&json, `{"set": "%d ${body}"},`, i)
	}
	json.WriteString(`"log"]}`)
	const slowest, most = 20 * time.Second, 64 << 20
	d := deps(t, &world{})
	for name, text := range map[string]string{
		"doubling macros": doubling.String(), "loops in loops": loops.String(), "a.pi.json": json.String(),
		"steps":    "pipeline:\n" + strings.Repeat("  - set: ${body.x}\n", 5000),
		"blocks":   "pipeline:\n" + strings.Repeat("  - if: ${body.x}\n  - log\n  - if.else\n  - if.end\n", 2500),
		"excepts":  "pipeline:\n" + strings.Repeat("  - log\n  - except: {type: plugin.failed}\n  - except.end\n", 2500),
		"one line": "pipeline: [" + oneLine(4<<10) + "log]",
	} {
		file := "a.pi.yaml"
		if strings.HasSuffix(name, pipeline.SuffixJSON) {
			file = name
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		started := time.Now()
		_, err := pipeline.Load(file, []byte(text), d)
		took := time.Since(started)
		runtime.ReadMemStats(&after)
		t.Logf("%-18s %8s %6d KiB of %d KiB", name, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10, len(text)>>10)
		if err != nil {
			t.Errorf("%s: %.500v", name, err)
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
		"pipeline:\n  - if: ${body}\n  - foreach: {in: \"${body}\", as: x}\n  - break\n  - foreach.end\n  - if.else\n  - error: x\n  - if.end\n  - except: {type: a.*}\n  - wait: 5s\n  - finally\n  - log\n",
		"pipeline:\n  - parallel: {branches: {a: [log], b: [{do: [exit]}]}}\n  - switch: {cases: [{when: \"${1}\", then: [{while: {true: false, do: [continue]}}]}]}\n  - macro: {name: m, args: {a: 1}, do: [{pipeline.run: x}]}\n  - macro.run: {name: m, retry: {attempts: 2, on: x, from: start}}\n  - call: $uri:command:log?message=1\n",
		"headers: {exprPrefix: \"%\", runWhen: \"%{1}\"}\npipeline:\n  - set: \"%{a} ${b}\"\n  - assert: {body.equals: 1}\n  - eval: [a, b]\n",
		`{"pipeline": ["log", {"if": {"true": "${body}", "then": [{"set": "\u0041${x}"}]}}]}`,
		"pipeline:\n\t- log", "a: *b", "%TAG", "pipeline:\n - iam.run.as: systemuser\n - mail.send: {to: a, body: >-\n  x\n }",
	} {
		f.Add([]byte(text))
	}
	d := deps(f, &world{})
	f.Fuzz(func(t *testing.T, src []byte) {
		file := "a.pi.yaml"
		if len(src) > 0 && src[0] == '{' {
			file = "a.pi.json"
		}
		p, err := pipeline.Load(file, src, d)
		if (p == nil) == (err == nil) {
			t.Fatalf("a plan or faults, not both or none: %v", err)
		}
		var list fault.List
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("the error is no list: %v", err)
		}
		for i, e := range list {
			lines := strings.Count(string(src), "\n") + 1
			if e.Pos.File != file || e.Pos.Line < 1 || e.Pos.Column < 1 || e.Pos.Line > lines+1 || e.Code == "" || e.Code == fault.Internal {
				t.Fatalf("bad fault %q: %v", e.Code, e)
			}
			if i > 0 && list[i-1].Pos.Line > e.Pos.Line {
				t.Fatal("the faults are not in order")
			}
		}
	})
}
