package builtin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/memory"
)

// do runs one command with the given parts.
func do(t *testing.T, d builtin.Deps, name string, params map[string]any, call command.Call) (any, error) {
	t.Helper()
	registry, err := command.NewRegistry(builtin.All(d)...)
	if err != nil {
		t.Fatal(err)
	}
	def, err := registry.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return command.Execute(t.Context(), def, params, call)
}

// TestPropertyEvents: every change says what it was, and nothing else says anything.
func TestPropertyEvents(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	cause := event.Event{ID: "e1", TraceID: "trace", CorrelationID: "corr", Namespace: "default", Hops: 3}
	for _, c := range []struct {
		name   string
		params map[string]any
	}{
		{"property.schema.put", map[string]any{"path": "/pipeforce/default/a/b", "value": 1}},
		{"property.schema.put", map[string]any{"path": "a/b", "value": 1}}, // nothing changed
		{"property.schema.put", map[string]any{"path": "a/b", "type": "application/x-count"}},
		{"property.put", map[string]any{"path": "a/b", "value": 2}},
		{"property.put", map[string]any{"path": "a/b", "value": 2}}, // nothing changed
		{"property.get", map[string]any{"path": "a/b"}},
		{"property.copy", map[string]any{"path": "a/b", "to": "a/c"}},
		{"property.move", map[string]any{"path": "a/b", "to": "a/d"}},
		{"property.list", nil},
		{"property.delete", map[string]any{"path": "a/d"}},
		{"property.delete", map[string]any{"path": "a/d"}}, // none
	} {
		if _, err := do(t, w.Deps(), c.name, c.params, command.Call{Event: cause}); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	var got []string
	for _, e := range w.Events() {
		if e.TraceID != "trace" || e.CorrelationID != "corr" || e.Hops != 4 {
			t.Errorf("%s: %+v", e.Key, e)
		}
		var p struct{ Origin, Target any }
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s: %s -> %s", e.Key, brief(p.Origin), brief(p.Target)))
	}
	want := []string{
		"property.created: <nil> -> a/b=1 application/json",
		"property.updated: a/b=1 application/json -> a/b=1 application/x-count",
		"property.updated: a/b=1 application/x-count -> a/b=2 application/x-count",
		"property.copied: a/b=2 application/x-count -> a/c=2 application/x-count",
		"property.moved: a/b -> a/d",
		"property.deleted: a/d=2 application/x-count -> <nil>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func brief(v any) string {
	p, isMap := v.(map[string]any)
	if !isMap {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%v=%v %v", p["path"], p["value"], p["type"])
}

func TestPropertyTypes(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	for _, c := range []struct {
		params    map[string]any
		want      any
		wantsType string
	}{
		{map[string]any{"path": "a", "value": "10"}, "10", "text/plain"},
		{map[string]any{"path": "a", "value": "10", "type": "application/json"}, 10, "application/json"},
		{map[string]any{"path": "a", "value": "ten", "type": "application/json"}, "ten", "application/json"},
		{map[string]any{"path": "a", "value": true}, true, "application/json"},
		{map[string]any{"path": "a", "value": `{"b":[1]}`}, map[string]any{"b": []any{1}}, "application/json"},
		{map[string]any{"path": "b"}, nil, "application/json"},
	} {
		if _, err := do(t, w.Deps(), "property.schema.put", c.params, command.Call{}); err != nil {
			t.Fatal(err)
		}
		got, err := do(t, w.Deps(), "property.get", map[string]any{"key": c.params["path"]}, command.Call{})
		if err != nil {
			t.Fatal(err)
		}
		p := got.(map[string]any)
		if diff := cmp.Diff(c.want, p["value"]); diff != "" || p["type"] != c.wantsType {
			t.Errorf("%v: type %v, %s", c.params, p["type"], diff)
		}
	}
}

func TestPropertyRefusals(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	if _, err := do(t, w.Deps(), "property.schema.put", map[string]any{"path": "a", "value": 1}, command.Call{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		command string
		params  map[string]any
		code    fault.Code
	}{
		"a bad path":          {"property.get", map[string]any{"path": "a/../b"}, fault.PropertyInvalid},
		"another namespace":   {"property.get", map[string]any{"path": "/pipeforce/other/a"}, fault.PropertyInvalid},
		"a bad pattern":       {"property.delete", map[string]any{"pattern": "a b"}, fault.PropertyInvalid},
		"it is there":         {"property.schema.put", map[string]any{"path": "a", "existStrategy": "error"}, fault.PropertyExists},
		"no type":             {"property.schema.put", map[string]any{"path": "b", "type": "a b c"}, fault.PropertyInvalid},
		"too large":           {"property.schema.put", map[string]any{"path": "b", "value": strings.Repeat("x", property.MaxValue)}, fault.PropertyInvalid},
		"a part of a minute":  {"property.schema.put", map[string]any{"path": "b", "ttl": 0.5}, fault.CommandType},
		"before now":          {"property.schema.put", map[string]any{"path": "b", "ttl": -1}, fault.CommandType},
		"for ever and a day":  {"property.schema.put", map[string]any{"path": "b", "ttl": 1 << 40}, fault.CommandType},
		"nothing to move":     {"property.move", map[string]any{"path": "b", "to": "c"}, fault.PropertyUnknown},
		"onto itself":         {"property.move", map[string]any{"path": "a", "to": "a"}, fault.PropertyExists},
		"no such page":        {"property.list", map[string]any{"offset": -1}, fault.CommandType},
		"too large a page":    {"property.list", map[string]any{"limit": 1001}, fault.CommandType},
		"a circle of events":  {"property.put", map[string]any{"path": "a", "value": 2}, fault.EventHops},
		"an unknown property": {"property.put", map[string]any{"path": "b", "value": 2}, fault.PropertyUnknown},
	} {
		call := command.Call{}
		if c.code == fault.EventHops {
			call.Event.Hops = event.MaxHops
		}
		if _, err := do(t, w.Deps(), c.command, c.params, call); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if v, err := do(t, w.Deps(), "property.value.get", map[string]any{"path": "a"}, command.Call{}); v != 1 || err != nil {
		t.Errorf("a refused change left %v, %v", v, err)
	}
	for _, d := range builtin.All(builtin.Deps{Now: commandtest.Now}) {
		if strings.HasPrefix(d.Spec.Name, "property.") {
			if _, err := d.Invoke(t.Context(), command.Call{Args: map[string]any{"path": "a", "pattern": "a"}}); fault.CodeOf(err) != fault.CommandFailed {
				t.Errorf("%s without a store: %v", d.Spec.Name, err)
			}
		}
	}
}

// TestPropertyExpires: one whose time is over is gone for everybody, and its place is free.
func TestPropertyExpires(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	d := w.Deps()
	now := commandtest.Now()
	d.Now = func() time.Time { return now }
	run := func(name string, params map[string]any) any {
		v, err := do(t, d, name, params, command.Call{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	run("property.schema.put", map[string]any{"path": "old", "value": 1, "ttl": 5})
	run("property.schema.put", map[string]any{"path": "new", "value": 2})
	now = now.Add(5*time.Minute - 1)
	if v := run("property.value.get", map[string]any{"path": "old"}); v != 1 {
		t.Errorf("before: %v", v)
	}
	now = now.Add(1)
	if run("property.value.get", map[string]any{"path": "old"}) != nil || run("property.exists", map[string]any{"path": "old"}) != false {
		t.Error("it is still there")
	}
	if v := run("property.list", nil).([]any); len(v) != 1 {
		t.Errorf("listed %v", v)
	}
	if v := run("property.delete", map[string]any{"path": "old"}); v != 0 {
		t.Errorf("deleted %v", v)
	}
	run("property.copy", map[string]any{"path": "new", "to": "old"})
	if v := run("property.value.get", map[string]any{"path": "old"}); v != 2 {
		t.Errorf("in its place: %v", v)
	}
	run("property.schema.put", map[string]any{"path": "x", "value": 1, "ttl": 1})
	now = now.Add(time.Hour)
	v := run("property.schema.put", map[string]any{"path": "x", "value": 3}).(map[string]any)
	if v["result"] != "create" {
		t.Errorf("%v", v)
	}
	run("property.schema.put", map[string]any{"path": "y", "value": 1, "ttl": 1})
	now = now.Add(time.Hour)
	run("property.move", map[string]any{"path": "x", "to": "y"})
	if p := run("property.get", map[string]any{"path": "y"}).(map[string]any); p["value"] != 3 || p["expires"] != nil {
		t.Errorf("moved: %v", p)
	}
}

// TestPropertyRace: of many who count, each counts.
func TestPropertyRace(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	d := w.Deps()
	if _, err := do(t, d, "property.schema.put", map[string]any{"path": "n", "value": 0}, command.Call{}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 5 {
		group.Go(func() {
			if _, err := do(t, d, "property.put", map[string]any{"path": "n", "value": i + 1}, command.Call{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var chain []string
	for _, e := range w.Events()[1:] {
		var p struct {
			Origin, Target struct {
				Value json.Number
			}
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		chain = append(chain, p.Origin.Value.String()+">"+p.Target.Value.String())
	}
	if len(chain) != 5 {
		t.Fatalf("%v", chain)
	}
	from := map[string]bool{}
	for _, step := range chain {
		origin, _, _ := strings.Cut(step, ">")
		if from[origin] {
			t.Errorf("two changes began at %s: %v", origin, chain)
		}
		from[origin] = true
	}

	d.Properties = &hasty{}
	if _, err := do(t, d, "property.schema.put", map[string]any{"path": "n", "value": 0}, command.Call{}); fault.CodeOf(err) != fault.StoreUnavailable {
		t.Errorf("somebody is always faster: %v", err)
	}
}

// hasty is a store in which somebody else is always faster.
type hasty struct{ kept }

type kept = memory.Properties

func (*hasty) PutProperty(context.Context, property.Property) (bool, error) { return false, nil }

// TestManyProperties: a command deletes no more than it may, and then nothing.
func TestManyProperties(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	d := w.Deps()
	for i := range 1001 {
		p := property.Property{Path: fmt.Sprintf("many/%04d", i), Type: "text/plain", Value: []byte(`1`)}
		if _, err := d.Properties.PutProperty(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := do(t, d, "property.delete", map[string]any{"pattern": "many/**"}, command.Call{}); fault.CodeOf(err) != fault.PropertyInvalid {
		t.Errorf("too many: %v", err)
	}
	all, err := d.Properties.Properties(t.Context(), store.PropertyQuery{Limit: 5000})
	if err != nil || len(all) != 1001 {
		t.Fatalf("%d are left, %v", len(all), err)
	}
	got, err := do(t, d, "property.list", map[string]any{"pattern": "many/**", "offset": "999", "limit": "5"}, command.Call{})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range got.([]any) {
		m := maps.Clone(p.(map[string]any))
		if _, has := m["value"]; has || m["size"] != 1 {
			t.Errorf("%v", m)
		}
		paths = append(paths, m["path"].(string))
	}
	if diff := cmp.Diff([]string{"many/0999", "many/1000"}, paths); diff != "" {
		t.Error(diff)
	}
}
