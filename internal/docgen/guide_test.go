package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

// snippet is what stands in the comment above a pipeline of a guide.
type snippet struct {
	Body     any               // the first one
	HTTP     int               // how many requests fail before one succeeds
	HTTPCode fault.Code        // with which code; empty = http.unavailable
	Want     any               // the final body
	Code     fault.Code        // or the code of the failure
	Sent     []string          // keys of the events
	Seconds  int               // that were waited
	Others   map[string]string // other pipelines, by name
}

var snippets = regexp.MustCompile("(?s)(?:<!-- example: ([^\n]*) -->\n)?```yaml\n(.*?)```\n")

// TestGuides executes every pipeline of the guides.
func TestGuides(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"errors-and-retries.md"} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := snippets.FindAllStringSubmatch(string(text), -1)
		if len(found) < 10 {
			t.Errorf("%s: only %d pipelines were found", name, len(found))
		}
		for i, m := range found {
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				t.Parallel()
				var s snippet
				d := json.NewDecoder(strings.NewReader(m[1]))
				d.DisallowUnknownFields()
				if err := d.Decode(&s); err != nil {
					t.Fatalf("%v in the comment %q above\n%s", err, m[1], m[2])
				}
				s.check(t, m[2])
			})
		}
	}
}

func (s *snippet) check(t *testing.T, text string) {
	t.Helper()
	var sent []string
	deps := commandtest.NewWorld().Deps()
	deps.Emit = func(_ context.Context, e event.Event) (event.Accepted, error) {
		sent = append(sent, e.Key)
		return event.Accepted{EventID: e.ID, Fresh: true}, nil
	}
	registry, err := command.NewRegistry(builtin.All(deps)...)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.NewPolicy(map[string][]string{"all": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"all"}}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := began
	with := pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: func() time.Time { return now }}), Policy: policy}
	plans := library{}
	for name, other := range s.Others {
		if plans[name], err = pipeline.Load(name+pipeline.Suffix, []byte(other), with); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := pipeline.Load("guide.pi.yaml", []byte(text), with)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	body, err := value.AppendJSON(nil, s.Body)
	if err != nil {
		t.Fatal(err)
	}
	first, err := value.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Run(t.Context(), pipeline.Input{
		RunID: "r", Event: event.New("guide", began), Body: first, HasBody: true, Plans: plans, Now: func() time.Time { return now },
		Trial: &pipeline.Trial{Answer: s.answer, Wait: func(_ context.Context, until time.Time) bool { now = until; return true }},
	})
	if fault.CodeOf(err) != s.Code {
		t.Fatalf("%v; want the code %q in\n%s", err, s.Code, text)
	}
	if s.Code == "" {
		got, err := value.AppendJSON(nil, out.Body)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(s.Want)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("the body is %s, want %s in\n%s", got, want, text)
		}
	}
	if diff := cmp.Diff(s.Sent, sent); diff != "" {
		t.Errorf("events (-want +got): %s\nof %s", diff, text)
	}
	if waited := int(now.Sub(began).Seconds()); s.Seconds != 0 && waited != s.Seconds {
		t.Errorf("%d seconds were waited, want %d in\n%s", waited, s.Seconds, text)
	}
}

// answer stands in for the other server.
func (s *snippet) answer(_ context.Context, at pipeline.Place, _ command.Call) (command.Result, bool, error) {
	if !strings.HasPrefix(at.Command, "http.") {
		return command.Result{}, false, nil
	}
	if s.HTTP--; s.HTTP < 0 {
		return command.Value(map[string]any{"created": true}), true, nil
	}
	code := s.HTTPCode
	if code == "" {
		code = fault.HTTPUnavailable
	}
	err := fault.New(code, "the other server said no")
	if code != fault.HTTPRejected {
		err = err.WithRetry(0)
	}
	return command.Result{}, true, err
}

type library map[string]*pipeline.Plan

func (l library) Plan(name, _ string) *pipeline.Plan { return l[name] }
