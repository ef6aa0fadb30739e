package pipeline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

// FuzzSelector: any text as the selector of an event.listen is refused with a position, or decides on any event
// with a yes, a no or a coded error, twice the same, and leaves the event as it was.
func FuzzSelector(f *testing.F) {
	const from = `{"from":"shop","n":"3"}`
	for _, selector := range []string{
		"${headers.from == 'shop'}", "headers['x-shop'] matches '[a-z]+'", "#{body.headers.n > 2}", "${event.eventKey startsWith 'webhook'}",
		"payload.x", "${body.payload.x}", "true", "", "${", "${headers} x", "${1/0}", "${headers.?[n > 1].size()}", "@text.upperCase(headers.from) == 'SHOP'",
	} {
		f.Add(selector, from)
	}
	d := deps(f, &world{})
	f.Fuzz(func(t *testing.T, selector, headers string) {
		var given map[string]string
		if json.Unmarshal([]byte(headers), &given) != nil {
			given = nil
		}
		quoted, err := json.Marshal(strings.ToValidUTF8(selector, "?"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.Load("a.pi.json", []byte(`{"pipeline":[{"event.listen":{"eventKey":"#","selector":`+string(quoted)+`}},"log"]}`), d)
		if err != nil {
			var list fault.List
			if !errors.As(err, &list) || list[0].Pos.Line < 1 {
				t.Fatalf("no position: %v", err)
			}
			return
		}
		e := event.New("webhook.lead.created", time.UnixMilli(1_700_000_000_000))
		e.Headers, e.Payload = given, []byte(`{"a":1}`)
		_, object, err := event.Unmarshal(e.AppendJSON(nil))
		if err != nil {
			return // headers that no event has
		}
		before, _ := value.AppendJSON(nil, map[string]any(object))
		first, err := p.Trigger().Match(t.Context(), e, object)
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatalf("an error without a code: %v", err)
		}
		if again, errAgain := p.Trigger().Match(t.Context(), e, object); again != first || (err == nil) != (errAgain == nil) {
			t.Fatalf("%t, %v at first and then %t, %v", first, err, again, errAgain)
		}
		if after, _ := value.AppendJSON(nil, map[string]any(object)); string(after) != string(before) {
			t.Fatal("the selector changed the event")
		}
	})
}

// FuzzPosition: any text as a kept position is refused with its code, or a run goes on from it and ends: with the
// plan's own faults, with the refusal of a place that the plan does not have, or well. It never panics.
func FuzzPosition(f *testing.F) {
	const text = "pipeline:\n  - foreach: {in: [1, 2], as: n, timeout: 1s, do: [{if: {true: \"${vars.n > 1}\", then: [log]}}]}\n" +
		"  - parallel: {branches: {a: [log], b: [{set: 1}]}}\n  - log\n  - except\n  - log\n  - finally\n  - log\n"
	for _, seed := range []string{
		`{"format":1,"step":0,"path":[{"part":"foreach","index":0,"list":1,"round":1,"begun":true,"items":[2]}]}`,
		`{"format":1,"step":0,"path":[{"part":"foreach","list":1,"begun":true,"items":[1,2],"due":"2000-01-01T01:00:00Z"},{"part":"if","list":1}]}`,
		`{"format":1,"step":1,"path":[{"part":"parallel","branches":[{"done":true,"body":1},{"state":{"format":1,"step":0}}]}]}`,
		`{"format":1,"step":4,"path":[{"part":"finally","list":1,"thrown":{"error":{"code":"x"}}}]}`,
		`{"format":1,"step":9}`, `{"format":2}`, `{`, `null`, `{"format":1,"step":-1}`,
	} {
		f.Add([]byte(seed))
	}
	p, err := pipeline.Load("a.pi.yaml", []byte(text), deps(f, &world{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, position []byte) {
		s := pipeline.State{Vars: map[string]any{"n": 1}, Identity: "anonymousUser"}
		if err := s.SetPosition(position); err != nil {
			if fault.CodeOf(err) != fault.PipelinePosition {
				t.Fatalf("code %s: %v", fault.CodeOf(err), err)
			}
			return
		}
		out, err := p.Run(t.Context(), pipeline.Input{Now: time.Now, Resume: &s, Hold: time.Millisecond, MaxSteps: 1000})
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatalf("from %q: %v", position, err)
		}
		if again, err := out.Position(); err == nil && again != nil {
			if err := new(pipeline.State).SetPosition(again); err != nil {
				t.Fatalf("what was read is not written in a form that can be read: %v", err)
			}
		}
	})
}
