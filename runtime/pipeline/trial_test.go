package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

// told writes down what an observer is told, as a tree.
type told struct {
	mu    sync.Mutex
	depth map[int]int
	begun int
	text  strings.Builder
}

func (o *told) Begin(p pipeline.Place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.depth == nil {
		o.depth = map[int]int{}
	}
	o.begun++
	o.depth[p.Number] = o.depth[p.Parent] + 1
	fmt.Fprintf(&o.text, "%s%s %s%s {\n", strings.Repeat("  ", o.depth[p.Parent]), p.Pipeline, p.Command, p.Path)
}

func (o *told) End(p pipeline.Place, s pipeline.Seen) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun--
	fmt.Fprintf(&o.text, "%s} %s", strings.Repeat("  ", o.depth[p.Parent]), s.Step.Status)
	if s.Args != nil {
		fmt.Fprintf(&o.text, " args %v", s.Args)
	}
	fmt.Fprintf(&o.text, " from %v to %v", s.Input, s.Output)
	if s.Vars != nil {
		fmt.Fprintf(&o.text, " vars %v", s.Vars)
	}
	if s.Mocked {
		o.text.WriteString(" mocked")
	}
	if s.Step.Attempt > 1 {
		fmt.Fprintf(&o.text, " attempt %d", s.Step.Attempt)
	}
	if s.Step.Code != "" {
		o.text.WriteString(" " + s.Step.Code)
	}
	o.text.WriteByte('\n')
}

func TestObserver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{
			"steps",
			"pipeline:\n  - set: \"${body}!\"\n  - var.set: {key: x, value: 7}\n  - log: {if: \"${false}\"}\n  - set: {value: 2, output: vars.y}\n",
			"a set {\n} done args map[value:b!] from b to b!\n" +
				"a var.set {\n} done args map[key:x value:7] from b! to b! vars map[x:7]\n" +
				"a log {\n} skipped from b! to b!\n" +
				"a set {\n} done args map[value:2] from b! to b! vars map[y:2]\n",
		},
		{
			"blocks and rounds",
			"pipeline:\n  - foreach: {in: [1, 2], do: [{if: \"${vars.loop.index == 1}\"}, {set: \"${vars.loop.item}\"}, if.end]}\n  - if: ${false}\n  - log\n  - if.end\n",
			"a foreach {\n  a if[0] {\n  } done from b to b\n  a if[1] {\n    a set[1] {\n    } done args map[value:2] from b to 2\n  } done from b to 2\n} done from b to 2\n" +
				"a if {\n} done from 2 to 2\n",
		},
		{
			"failures",
			"pipeline:\n  - test.fail: {onError: IGNORE}\n  - error: stop\n  - except: {type: other}\n  - log\n  - except\n  - set: caught\n  - finally\n  - set: ${body}, last\n",
			"a test.fail {\n} ignored args map[] from b to b plugin.failed\n" +
				"a error {\n} failed from b to b pipeline.error\n" +
				"a except {\n  a set {\n  } done args map[value:caught] from b to caught\n} done from b to caught\n" +
				"a finally {\n  a set {\n  } done args map[value:caught, last] from caught to caught, last\n} done from caught to caught, last\n",
		},
		{
			"no record is kept",
			"headers: {tracing: false}\npipeline:\n  - test.fail: {onError: LOG}\n  - set: 1\n",
			"a test.fail {\n} ignored args map[] from b to b plugin.failed\na set {\n} done args map[value:1] from b to 1\n",
		},
		{
			"calls",
			"pipeline:\n  - macro: {name: m, do: [{set: in macro}]}\n  - macro.run: m\n  - pipeline.run: other\n",
			"a macro.run {\n  a set/1 {\n  } done args map[value:in macro] from b to in macro\n} done from b to in macro\n" +
				"a pipeline.run {\n  other set/2:other {\n  } done args map[value:1] from in macro to 1\n} done from in macro to 1\n",
		},
		{
			"secrets",
			"pipeline:\n  - test.secret: {key: hidden, name: shown}\n",
			"a test.secret {\n} done args map[key:(secret) name:shown] from b to b\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := &told{}
			p, others := tried(t, c.text)
			_, err := p.Run(t.Context(), pipeline.Input{Now: now, Body: "b", HasBody: true, Observe: o, Plans: others})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, o.text.String()); diff != "" || o.begun != 0 {
				t.Errorf("%s, %d parts have no end", diff, o.begun)
			}
		})
	}
}

func tried(t *testing.T, text string) (*pipeline.Plan, library) {
	t.Helper()
	d := deps(t, &world{})
	defs := append((&world{}).commands(), command.Definition{
		Spec: command.Spec{Name: "test.secret", Params: []command.Param{{Name: "key", Type: command.TypeText, Secret: true}, {Name: "name", Type: command.TypeText}}},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			if call.Args["key"] != "hidden" {
				return command.Result{}, fault.New(fault.Internal, "the command itself does not see the secret")
			}
			return command.Result{}, nil
		}),
	})
	var err error
	if d.Commands, err = command.NewRegistry(defs...); err != nil {
		t.Fatal(err)
	}
	load := func(name, text string) *pipeline.Plan {
		p, err := pipeline.Load(name+pipeline.Suffix, []byte(text), d)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return load("a", text), library{"other": load("other", "pipeline:\n  - set: 1\n")}
}

func TestObserverBranches(t *testing.T) {
	t.Parallel()
	o := &told{}
	p, others := tried(t, "pipeline:\n  - parallel: {in: \"${1..50}\", as: x, do: [{set: \"${vars.x}\"}, {pipeline.run: other}]}\n")
	if _, err := p.Run(t.Context(), pipeline.Input{Now: now, Observe: o, Plans: others}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(o.text.String(), "{"); o.begun != 0 || n != 1+3*50 {
		t.Errorf("%d parts, %d without an end", n, o.begun)
	}
}

// A long run drops records; the observer is told of all parts.
func TestObserverOfLongRun(t *testing.T) {
	t.Parallel()
	o := &told{}
	p, _ := tried(t, "pipeline:\n  - foreach: {in: \"${1..3000}\"}\n  - set: ${vars.loop.item}\n  - foreach.end\n")
	out, err := p.Run(t.Context(), pipeline.Input{Now: now, Observe: o})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(o.text.String(), "} done"); out.Dropped == 0 || n != 3001 {
		t.Errorf("%d records are dropped, and %d parts were told of", out.Dropped, n)
	}
}

func TestTrialAnswers(t *testing.T) {
	t.Parallel()
	p, others := tried(t, "pipeline:\n  - test.effect: {id: first}\n  - test.effect: {id: second, output: vars.second}\n  - pipeline.run: {path: other, vars: {v: 1}}\n  - set: ${[body, vars.second, vars.more]}\n")
	var asked []string
	tr := &pipeline.Trial{Answer: func(_ context.Context, at pipeline.Place, call command.Call) (command.Result, bool, error) {
		asked = append(asked, at.Command+"#"+at.ID)
		switch at.ID {
		case "first":
			return command.Result{SetVars: map[string]any{"more": true}}, true, nil
		case "second":
			return command.Value("2nd"), true, nil
		}
		if at.Command == "pipeline.run" {
			return command.Value(fmt.Sprint(call.Args["path"], call.Args["vars"])), true, nil
		}
		return command.Result{}, false, nil
	}}
	out, err := p.Run(t.Context(), pipeline.Input{Now: now, Trial: tr, Plans: others})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{"othermap[v:1]", "2nd", true}, out.Body); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"test.effect#first", "test.effect#second", "pipeline.run#", "set#"}, asked); diff != "" {
		t.Error(diff)
	}
}

// A failure of a mock is repeated like one of the command, and the waits pass at once.
func TestTrialFailsAndWaits(t *testing.T) {
	t.Parallel()
	clock := now()
	tr := &pipeline.Trial{
		Answer: func(_ context.Context, at pipeline.Place, call command.Call) (command.Result, bool, error) {
			return command.Result{}, at.Command == "test.effect", fault.New(fault.MailRelay, "the relay is away").WithRetry(0)
		},
		Wait: func(_ context.Context, until time.Time) bool { clock = until; return true },
	}
	p, _ := tried(t, "pipeline:\n  - wait: 1000h\n  - test.effect: {retry: {attempts: 3, wait: 5h}}\n")
	out, err := p.Run(t.Context(), pipeline.Input{Now: func() time.Time { return clock }, Trial: tr})
	if fault.CodeOf(err) != fault.MailRelay {
		t.Fatalf("the run ended with %v", err)
	}
	if took := clock.Sub(now()); took != 1010*time.Hour {
		t.Errorf("%s passed", took)
	}
	if last := out.Steps[len(out.Steps)-1]; last.Attempt != 3 || last.Status != run.StepFailed {
		t.Errorf("the last step is %+v", last)
	}
}

func TestMockCommand(t *testing.T) {
	t.Parallel()
	const text = "pipeline:\n  - mock.command: {command: test.effect, enabled: \"${body != 'off'}\", when: \"${vars.n != 2}\", thenSetBody: \"mocked ${vars.n}\", thenSetVar: {seen: \"${vars.n}\"}}\n" +
		"  - foreach: {in: [1, 2, 3], as: n}\n  - test.effect\n  - foreach.end\n"
	for _, c := range []struct {
		name, headers, body string
		trial               *pipeline.Trial
		want                any
		calls               int
	}{
		{"in a trial", "", "on", &pipeline.Trial{}, "mocked 3", 1},
		{"on a server", "", "on", nil, "on", 3},
		{"not enabled", "", "off", &pipeline.Trial{}, "off", 3},
		{"header", "headers: {mocksEnabled: false}\n", "on", &pipeline.Trial{}, "on", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &world{}
			p, err := pipeline.Load("a.pi.yaml", []byte(c.headers+text), deps(t, w))
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Code != fault.PipelineMock {
				t.Errorf("the warnings are %v", p.Warnings)
			}
			out, err := p.Run(t.Context(), pipeline.Input{Now: now, Body: c.body, HasBody: true, Trial: c.trial})
			if err != nil || out.Body != c.want || len(w.calls) != c.calls {
				t.Errorf("the body is %v, the command was called %d times, %v", out.Body, len(w.calls), err)
			}
		})
	}
}

// Rights are those of a server: a mock does not lend any.
func TestMockNeedsTheRight(t *testing.T) {
	t.Parallel()
	p, _ := tried(t, "pipeline:\n  - mock.command: {command: mail.send}\n  - mail.send: {to: a@example.org}\n")
	_, err := p.Run(t.Context(), pipeline.Input{Now: now, Trial: &pipeline.Trial{}, Identity: "nobody"})
	if fault.CodeOf(err) != fault.IAMDenied {
		t.Errorf("the run ended with %v", err)
	}
}

func TestStepInfo(t *testing.T) {
	t.Parallel()
	p, _ := tried(t, "pipeline:\n  - if: ${body}\n  - log\n  - if.else\n  - set: 1\n  - if.end\n  - if: ${body}\n  - log: {if: \"${vars.x}\"}\n  - if.end\n")
	var got []string
	for _, s := range p.Steps() {
		got = append(got, fmt.Sprintf("%d %s in %d/%d lists %d falls %v if %v", s.Index, s.Command, s.Parent, s.List, s.Lists, s.Falls, s.Conditional))
	}
	want := []string{
		"0 if in -1/0 lists 2 falls false if false", "1 log in 0/0 lists 0 falls false if false", "2 set in 0/1 lists 0 falls false if false",
		"3 if in -1/0 lists 1 falls true if false", "4 log in 3/0 lists 0 falls false if true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
