package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/run"
)

// Input is one use of a plan. Only Now is required.
type Input struct {
	RunID    string
	Event    event.Event    // that started the run; its payload is not used
	Object   event.Object   // the event as expressions see it; nil = made from Event, without a payload
	Body     any            // the first body
	HasBody  bool           // false: the first body is the file's section body
	Vars     map[string]any // on top of the file's section vars
	Resume   *State         // go on there; Body, Vars and Identity come from it
	Attempt  int            // of the run, from 1; 0 is 1
	Identity string         // at the beginning; empty = iam.Anonymous
	Policy   *iam.Policy    // the rights in force; nil = those the plan was compiled with
	Plans    Plans          // what pipeline.run finds; nil = nothing
	Instance string         // for expressions: context.instance
	Logger   *slog.Logger   // carries what identifies the run; nil = that of Deps
	Timeout  time.Duration  // for one try of a step that has no other; 0 = none
	MaxSteps int            // steps and rounds of loops in this attempt; 0 = StandardSteps
	Now      func() time.Time

	Request  map[string]any    // what expressions see as request: the HTTP request that started the run; nil = null
	Response *command.Response // where http.response.set writes; nil = nowhere

	// Hold is the longest wait inside Run. A longer one, of the command wait or between two tries of a
	// step, ends Run with Outcome.Until, and the caller goes on then. 0: every wait is inside.
	Hold time.Duration

	// Retries says that the caller resumes a run that failed with a retryable fault. Such a failure is
	// then not the end of the run, so the commands of a finally wait for that.
	Retries bool

	// Journal records where the run stands: after every command with an effect, before the next step
	// begins. An error ends the run. nil records nothing.
	// steps are those that the attempt has recorded so far, for the time of the call; nil where Record keeps nothing.
	Journal func(ctx context.Context, s State, steps []run.Step) error

	// Record says which values of steps are kept in their records.
	Record Recording

	Observe Observer // nil = nobody
	Trial   *Trial   // for pi run and pi test; nil on a server
}

// Plans finds the plans that pipelines run by their names. It may be used from many goroutines.
type Plans interface {
	// Plan gives a plan by its name, nil when there is none. version names the one a run began with; when
	// that is gone, any other one may be given, and the run begins it again. Empty asks for the present one.
	Plan(name, version string) *Plan
}

// Outcome is what a run did. After a failure the State is where a resumed run goes on: at the failing step.
type Outcome struct {
	State
	Steps   []run.Step              // what was executed in this attempt: of many, the first and the last ones
	Dropped int                     // how many of them are left out
	Exited  bool                    // ended early by the command exit
	Message command.Acknowledgement // what the pipeline said; empty = nothing
	Skipped bool                    // the header runWhen said no; nothing was executed
	Until   time.Time               // not zero: the run is not over but waits; resume it then, from State
}

// execution is a run in progress, or a part of one that has its own body and variables: a branch of
// parallel, a macro, a called pipeline.
type execution struct {
	plan   *Plan
	in     *Input
	policy *iam.Policy
	logger *slog.Logger
	env    expr.Env
	here   scope

	root    frame   // of the execution's own list
	at      *frame  // innermost
	pending []frame // where to go on: the frames of the parts that are entered next

	path   string // rounds of loops and calls around, such as [3] or /4[0]
	called int    // how much of path is from outside of a called pipeline or macro
	runID  string // with path
	calls  int    // executions around

	acknowledged command.Acknowledgement // of the execution of a run itself, where alone such commands stand

	clock   time.Time // when the last step ended and so the next one began; zero = unknown
	effect  *head     // of the step that just had an effect, until that is recorded
	until   time.Time // when paused
	due     time.Time // when the time of the block around that has the least of it is up; zero = none has a limit
	stopped *State    // where, when paused

	lease  int // steps that may be taken before the budget is asked again
	budget *budget
	trace  *trace

	recorder *recorder // nil = no values are recorded
	used     *used     // by the present part, for its record

	deadlines []deadline // made ahead for the next tries
	watch     *watch     // nil when nobody observes the run

	join *join // the part of another execution that this one belongs to; nil for the run itself
	slot int   // among its branches
}

// Run executes the steps from the beginning, or from in.Resume. It returns when the last step ended, a
// step failed for good, the run has to wait, or ctx ended. The error is a *fault.Error that names the step
// and its place in the file and keeps code and retryability of the cause; a run that ctx ended has
// fault.CommandCanceled, one that cannot go on where Resume says has fault.PipelinePosition.
func (p *Plan) Run(ctx context.Context, in Input) (out Outcome, err error) {
	w := &struct { // in one piece, because every run needs all of it
		in Input
		x  execution
		t  trace
		b  budget
	}{in: in}
	x := &w.x
	x.plan, x.in, x.policy, x.logger, x.runID, x.trace, x.budget, x.at = p, &w.in, in.Policy, in.Logger, in.RunID, &w.t, &w.b, &x.root
	if x.in.Attempt == 0 {
		x.in.Attempt = 1
	}
	if w.b.most = int64(in.MaxSteps); w.b.most <= 0 {
		w.b.most = StandardSteps
	}
	if x.policy == nil {
		x.policy = p.policy
	}
	if x.logger == nil {
		x.logger = p.logger
	}
	if in.Observe != nil {
		x.watch = newWatch(in.Observe)
	}
	x.recorder = newRecorder(in.Record)
	defer func() {
		if v := recover(); v != nil { // one event must not end the process, and again at each start
			out, err = x.broken(ctx, v)
		}
	}()
	w.t.first = make([]run.Step, 0, min(len(p.heads), firstRecords))
	goes, err := x.begin(ctx, start{body: in.Body, hasBody: in.HasBody, vars: in.Vars, identity: in.Identity, resume: in.Resume})
	if err != nil {
		if ctx.Err() != nil {
			err = canceled(ctx)
		}
		return Outcome{State: x.state()}, err
	}
	if !goes {
		x.logger.LogAttrs(ctx, slog.LevelInfo, "the header runWhen says no; nothing is run", slog.String("pipeline", p.name))
		x.root.index = len(p.root.parts)
		return Outcome{State: x.state(), Skipped: true}, nil
	}
	sig, t := x.list(ctx, &p.root)
	return x.outcome(sig, t)
}

// broken is the outcome of a run that panicked. One of a flat pipeline may go on at its step.
func (x *execution) broken(ctx context.Context, v any) (Outcome, error) {
	out := Outcome{Steps: x.trace.steps(), Dropped: x.trace.dropped()}
	out.State = State{Version: x.plan.version, Identity: x.first()}
	if x.plan.flat && x.root.index < len(x.plan.root.parts) {
		out.State = State{Version: x.plan.version, Step: x.root.index, Body: x.here.body, Vars: x.here.vars, Identity: x.here.identity}
		if n := len(out.Steps); n > 0 {
			out.Steps[n-1].Status, out.Steps[n-1].Code = run.StepFailed, string(fault.Internal)
		}
	}
	return out, x.panicked(ctx, v).At(fault.Position{File: x.plan.file})
}

// panicked makes a fault of a panic. Its text and stack may hold payloads, so they go to the debug log only.
func (x *execution) panicked(ctx context.Context, v any) *fault.Error {
	x.logger.LogAttrs(ctx, slog.LevelDebug, "a pipeline panicked", slog.String("pipeline", x.plan.name), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
	return fault.New(fault.Internal, "the pipeline panicked").WithHint("please report it; the debug log has the stack")
}

// outcome says how the run ended.
func (x *execution) outcome(sig signal, t *thrown) (Outcome, error) {
	out := Outcome{Steps: x.trace.steps(), Dropped: x.trace.dropped(), Message: x.acknowledged}
	x.recorder.forget(out.Steps)
	switch {
	case t != nil && t.restart:
		out.State = State{Version: x.plan.version, Body: x.in.Body, Identity: x.first()}
		return out, t.named()
	case t != nil:
		out.State = *t.at
		return out, t.named()
	case sig == paused:
		out.State, out.Until = *x.stopped, x.until
		return out, nil
	}
	x.root.index, x.at = len(x.plan.root.parts), &x.root
	out.State, out.Exited = x.state(), sig == exited
	return out, nil
}

// first is the identity at the beginning of the run.
func (x *execution) first() string {
	if x.in.Identity == "" {
		return iam.Anonymous
	}
	return x.in.Identity
}

// start is what an execution of a whole plan begins with.
type start struct {
	body     any
	hasBody  bool
	vars     map[string]any
	headers  map[string]any // on top of the file's own ones
	identity string
	resume   *State
}

// begin sets up what expressions see. It is false when the pipeline does not want to run.
func (x *execution) begin(ctx context.Context, s start) (goes bool, err error) {
	p := x.plan
	x.env = make(expr.Env, 8)
	x.env["headers"] = p.headers
	if len(s.headers) > 0 {
		headers := maps.Clone(p.headers)
		maps.Copy(headers, s.headers)
		x.env["headers"] = headers
	}
	x.here = scope{body: s.body, identity: s.identity}
	if s.resume != nil {
		if err := x.goOnAt(s.resume, &p.root); err != nil {
			return false, err
		}
	}
	if x.here.identity == "" {
		x.here.identity = iam.Anonymous
	}
	x.setBody(x.here.body)
	if p.mentions.event {
		x.env["event"] = x.eventView()
	}
	if x.in.Request != nil {
		x.env["request"] = x.in.Request
	}
	x.setContext(nil)
	if s.resume != nil && (x.root.index > 0 || x.here.vars != nil) {
		x.setVars(x.here.vars)
		return true, nil
	}
	vars, err := x.firstVars(ctx, s.vars)
	if err != nil {
		return false, err
	}
	if !s.hasBody {
		body, err := p.body.eval(ctx, x.env)
		if err != nil {
			return false, err
		}
		x.setBody(body)
	}
	if p.runWhen != nil {
		if goes, err := x.decides(ctx, *p.runWhen); !goes {
			return false, err
		}
	}
	x.setVars(vars)
	return true, nil
}

// goOnAt takes a kept position up, if it is one of this list.
func (x *execution) goOnAt(s *State, l *list) error {
	misfit := fault.New(fault.PipelinePosition, "the run cannot go on where it stood").At(fault.Position{File: x.plan.file})
	var path []frame
	if s.Inside != nil {
		path = s.Inside.path
	}
	switch {
	case s.Version != "" && s.Version != x.plan.version:
		return misfit.WithHint("it began with version %s of the pipeline, this is %s", s.Version, x.plan.version)
	case !l.fits(s.Step, path):
		return misfit.WithHint("step %d is none of this pipeline, or has no such place in it", s.Step+1)
	}
	x.here = scope{s.Body, s.Vars, s.Identity}
	x.root.index, x.pending = s.Step, path
	if s.Acked {
		x.acknowledged = command.Ack
	}
	return nil
}

// firstVars evaluates the section vars in its order; each may use those above it.
func (x *execution) firstVars(ctx context.Context, given map[string]any) (map[string]any, error) {
	vars := make(map[string]any, len(x.plan.vars)+len(given))
	maps.Copy(vars, given)
	x.env["vars"] = vars
	for _, v := range x.plan.vars {
		if _, set := given[v.name]; set {
			continue
		}
		value, err := v.value.eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		vars = maps.Clone(vars) // the value may be the map itself
		vars[v.name] = value
		x.env["vars"] = vars
	}
	return vars, nil
}

func (x *execution) setBody(body any) {
	x.here.body = body
	x.env["body"] = event.View(body)
}

// setVars replaces the variables; a map that a step has seen is never changed.
func (x *execution) setVars(vars map[string]any) {
	if vars == nil {
		vars = map[string]any{}
	}
	x.here.vars, x.env["vars"] = vars, vars
}

// restore takes back what a part did that failed in the end, so that it may be tried again or passed over.
func (x *execution) restore(before scope) {
	x.here.identity = before.identity
	x.setBody(before.body)
	x.setVars(before.vars)
}

func (x *execution) setPath(path string) { x.path, x.runID = path, x.in.RunID+path }

// start is when the step that is executed began. Reading the clock costs as much as a small command, so the
// end of one step is the beginning of the next, unless something long came between them.
func (x *execution) start() time.Time {
	if x.clock.IsZero() {
		x.clock = x.in.Now()
	}
	return x.clock
}

// record begins the record of a part. It can be written to until another part begins, and is then found
// under its number; negative when it is not kept.
func (x *execution) record(h *head) (s *run.Step, number int) {
	if x.plan.untraced {
		s, number = new(run.Step), -1
	} else {
		s, number = x.trace.next()
	}
	s.Index, s.ID, s.Command, s.Status, s.Path = h.index, h.id, h.command, run.StepDone, x.path
	if x.watch != nil {
		x.watch.begin(x, h, s, number)
	}
	return s, number
}

// keepFailure keeps the record of a failed part where only failures are recorded.
func (x *execution) keepFailure(s *run.Step, number int) int {
	if number >= 0 {
		return number
	}
	room, number := x.trace.next()
	*room = *s
	return number
}

func (x *execution) eventView() any {
	if x.in.Object != nil {
		return event.View(map[string]any(x.in.Object))
	}
	e := &x.in.Event
	if e.ID == "" {
		return nil
	}
	headers := make(map[string]any, len(e.Headers))
	for name, v := range e.Headers {
		headers[name] = v
	}
	return event.View(map[string]any{
		"id": e.ID, "eventKey": e.Key, "namespace": e.Namespace, "time": e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		"traceId": e.TraceID, "correlationId": e.CorrelationID, "async": e.Async, "hops": e.Hops, "headers": headers, "payload": nil,
	})
}

// setContext shows an expression where it stands. Each step has its own map, because a value that a step
// has seen is never changed; files that never say "context" do without.
func (x *execution) setContext(h *head) {
	if x.plan.mentions.caller {
		x.env[expr.Caller] = x.here.identity
	}
	if !x.plan.mentions.context {
		return
	}
	c := map[string]any{
		"pipeline": x.plan.name, "run": x.in.RunID, "identity": x.here.identity, "attempt": x.in.Attempt, "instance": x.in.Instance,
	}
	if h != nil {
		c["step"] = h.index
		if h.id != "" {
			c["stepId"] = h.id
		}
	}
	x.env["context"] = c
}
