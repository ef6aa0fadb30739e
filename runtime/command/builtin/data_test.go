package builtin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/fault"
)

func TestDataCommands(t *testing.T) {
	t.Parallel()
	d := commandtest.NewWorld().Deps()
	long := make([]any, 2000)
	for i := range long {
		long[i] = i
	}
	for _, c := range []struct {
		name, command string
		params        map[string]any
		body, want    any
		code          fault.Code
	}{
		{"commas and quotes in rules", "data.mapping", map[string]any{"rules": "[1, 2] -> a.list, 'x, y -> z' -> a.text\n\n{b: 1} -> c,"}, nil, map[string]any{"a": map[string]any{"list": []any{1, 2}, "text": "x, y -> z"}, "c": map[string]any{"b": 1}}, ""},
		{"rules with delimiters", "data.mapping", map[string]any{"rules": "${input.a} -> b"}, map[string]any{"a": 1}, map[string]any{"b": 1}, ""},
		{"below a value", "data.mapping", map[string]any{"rules": "1 -> a, 2 -> a.b"}, nil, nil, fault.CommandType},
		{"over other rules", "data.mapping", map[string]any{"rules": "1 -> a.b, 2 -> a"}, nil, nil, fault.CommandType},
		{"a place with an index", "data.mapping", map[string]any{"rules": "1 -> a[0]"}, nil, nil, fault.CommandType},
		{"too many rules", "data.mapping", map[string]any{"rules": strings.Repeat("1 -> a,", 1001)}, nil, nil, fault.PipelineLimit},
		{"too deep a place", "data.mapping", map[string]any{"rules": "1 -> " + strings.Repeat("a.", 40) + "a"}, nil, nil, fault.PipelineLimit},
		{"a mapping of a text", "data.mapping", map[string]any{"rules": "1 -> a", "iterate": true}, "text", nil, fault.CommandType},
		{"semicolons in texts", "data.enrich", map[string]any{"do": "1; 'a;b' + input"}, "c", "a;bc", ""},
		{"nothing to do", "data.enrich", map[string]any{"do": " ; "}, nil, nil, fault.CommandMissing},
		{"an unknown name", "data.enrich", map[string]any{"do": "inptu.a"}, nil, nil, fault.ExprSyntax},
		{"no condition", "data.list.filter", map[string]any{"exclude": "item"}, []any{1}, nil, fault.CommandType},
		{"null is no reason", "data.list.filter", map[string]any{"exclude": "item.old"}, []any{map[string]any{"a": 1}}, []any{map[string]any{"a": 1}}, ""},
		{"all pairs", "data.list.iterate", map[string]any{"listA": []any{1, 2}, "listB": []any{10, 20}, "do": "itemA + itemB"}, nil, []any{11, 21, 12, 22}, ""},
		{"too many pairs", "data.list.iterate", map[string]any{"listA": long, "listB": long, "do": "1"}, nil, nil, fault.PipelineLimit},
		{"too much", "data.list.iterate", map[string]any{"do": "body.![string(#)] | join('') | repeat(9)"}, long, nil, fault.ExprLimit},
		{"a stack that is none", "body.push", map[string]any{"var": ""}, nil, nil, fault.CommandType},
		{"a schema that is none", "json.validate", map[string]any{"schema": map[string]any{"type": 7}}, 1, nil, fault.CommandType},
		{"a schema elsewhere", "json.validate", map[string]any{"schema": map[string]any{"$ref": "https://example.org/schema"}}, 1, nil, fault.CommandType},
		{"a schema as text", "json.validate", map[string]any{"schema": `{"type":"number"}`}, 1, map[string]any{"status": "OK", "message": nil}, ""},
	} {
		got, err := do(t, d, c.command, c.params, command.Call{Body: c.body})
		if (err != nil) != (c.code != "") || err != nil && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %s %v", c.name, fault.CodeOf(err), err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestCache: a value lives as long as it may, and the cache stays within its bounds.
func TestCache(t *testing.T) {
	t.Parallel()
	d := commandtest.NewWorld().Deps()
	now := commandtest.Now()
	d.Now = func() time.Time { return now }
	registry, err := command.NewRegistry(builtin.All(d)...)
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, params map[string]any) (any, error) {
		def, err := registry.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		return command.Execute(t.Context(), def, params, command.Call{Body: "body"})
	}
	put := func(key string, v any, ttl string) {
		if _, err := run("cache.put", map[string]any{"key": key, "value": v, "timeToLive": ttl}); err != nil {
			t.Fatal(err)
		}
	}
	put("short", 1, "1s")
	put("long", 2, "240h")
	now = now.Add(time.Second)
	for key, want := range map[string]any{"short": nil, "long": 2} {
		if got, err := run("cache.get", map[string]any{"key": key}); err != nil || got != want {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
	now = now.Add(24 * time.Hour)
	if got, _ := run("cache.has", map[string]any{"key": "long"}); got != false {
		t.Error("longer than a day")
	}
	for _, params := range []map[string]any{{"key": strings.Repeat("k", 513), "value": 1}, {"key": "k", "value": strings.Repeat("v", 1<<20)}} {
		if _, err := run("cache.put", params); fault.CodeOf(err) != fault.CommandType {
			t.Errorf("too large: %v", err)
		}
	}
	large, there := strings.Repeat("v", 1<<20-2), 0
	for i := range 80 {
		put(fmt.Sprint(i), large, "1h")
	}
	for i := range 80 {
		if got, _ := run("cache.has", map[string]any{"key": fmt.Sprint(i)}); got == true {
			there++
		}
	}
	if there < 60 || there > 64 {
		t.Errorf("%d of 80 values of 1 MiB are kept", there)
	}
	if got, _ := run("cache.has", map[string]any{"key": "79"}); got != true {
		t.Error("the newest is gone")
	}
}

// FuzzMapping: whatever the rules are, they are refused or make a map, and nothing panics.
func FuzzMapping(f *testing.F) {
	for _, seed := range []string{"input.a -> b.c", "1 -> a, 'x,y' -> b\n{a: [1, 2]} -> c", "-> a", "input ->", "((( -> a", "'\\", "1 -> a.b, 2 -> a"} {
		f.Add(seed)
	}
	d := commandtest.NewWorld().Deps()
	registry, err := command.NewRegistry(builtin.All(d)...)
	if err != nil {
		f.Fatal(err)
	}
	def, err := registry.Lookup("data.mapping")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, rules string) {
		got, err := command.Execute(t.Context(), def, map[string]any{"rules": rules}, command.Call{Body: map[string]any{"a": 1}})
		if _, isMap := got.(map[string]any); err == nil && !isMap {
			t.Errorf("%q gives %v", rules, got)
		}
		if code := fault.CodeOf(err); err != nil && code == fault.Internal {
			t.Errorf("%q: %v", rules, err)
		}
	})
}
