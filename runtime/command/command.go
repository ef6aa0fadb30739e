// Package command is the seam between pipelines and what they can do.
//
// A command describes itself once, as data, in its [Spec]; lint, help, documentation and tests are made
// from that. Commands are Go functions (package builtin) or exports of a WASM guest (package wasm);
// nobody above can tell. What ships is one explicit list given to [NewRegistry].
package command

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
)

// Command does one step.
type Command interface {
	// Run returns when the work is done or ctx ends. It may be called from many goroutines. Values
	// in call are shared and must not be changed. Errors carry a fault.Code; an error that is not
	// retryable (fault.Retryable) will not be tried again.
	Run(ctx context.Context, call Call) (Result, error)
}

// Func is a Command that is a function.
type Func func(ctx context.Context, call Call) (Result, error)

// Run calls f.
func (f Func) Run(ctx context.Context, call Call) (Result, error) { return f(ctx, call) }

// Call is one use of a command.
type Call struct {
	Args     map[string]any // evaluated, aliases resolved, defaults set, checked against Spec.Params
	Body     any            // what the step before handed on
	Vars     map[string]any // the run's variables, read only
	Event    event.Event    // that started the run; Payload is not set (it is in the first body)
	Identity string         // in whose name the command runs
	Pipeline string
	RunID    string // with Step an idempotency key for calls to other systems; inside loops and calls it says where: e1:lead[3]
	Step     int    // index of the step
	Attempt  int    // of the run, from 1
	Logger   *slog.Logger
	Response *Response // of the HTTP request that waits for the run; nil = there is none
}

// Result is what a command gives back. The zero Result leaves everything as it was.
type Result struct {
	Value    any            // becomes the body (or goes where `output` says) when HasValue is set
	HasValue bool           //
	SetVars  map[string]any // variables to set; nil = none
	RunAs    string         // identity for the following steps; empty = unchanged
	Exit     bool           // end the run here, successfully

	// Acknowledge says what becomes of the message that started the run, where the pipeline acknowledges itself;
	// empty = nothing new.
	Acknowledge Acknowledgement
}

// Acknowledgement says what becomes of a message.
type Acknowledgement string

// The ways.
const (
	Ack  Acknowledgement = "ack"  // it is not delivered again, whatever follows
	Nack Acknowledgement = "nack" // it is delivered again later; the run begins anew then
	Drop Acknowledgement = "drop" // it is not delivered again, and was not dealt with
)

// Value is the Result that hands v on as the body.
func Value(v any) Result { return Result{Value: v, HasValue: true} }

// Type is the type of a parameter, in the words of pipeline authors.
type Type string

// The parameter types. TypeList also takes a text with commas; TypeDuration a text such as "5s" or a
// number of milliseconds, and the command receives milliseconds. See [Param.Check].
const (
	TypeAny      Type = "any"
	TypeText     Type = "text"
	TypeNumber   Type = "number"
	TypeBoolean  Type = "boolean"
	TypeList     Type = "list"
	TypeMap      Type = "map"
	TypeDuration Type = "duration"
)

// Param describes one parameter.
type Param struct {
	Name     string
	Type     Type
	Required bool
	Default  any // nil = none
	Summary  string
	Enum     []string // allowed values of a text
	Aliases  []string // other accepted spellings
	Literal  bool     // an expression is a load error
	EvalBy   string   // a boolean parameter: false, written out, keeps expressions in this one from being evaluated
	Secret   bool     // never shown: not in errors, logs or records

	Deprecated string // what to write instead; empty = not deprecated
}

// Example is a pipeline that the tests execute.
type Example struct {
	Title    string
	Pipeline string // YAML text of a whole pipeline file
	Body     string // JSON text of the first body; empty = null
	Want     string // JSON text of the final body
	WantCode string // or the code of the failure
}

// Spec describes a command; documentation, lint and tests are made from it.
type Spec struct {
	Name      string   // group.verb: lower case words joined by dots
	Aliases   []string // other accepted names
	Summary   string   // one sentence
	Params    []Param
	Shorthand string        // the parameter that a single scalar stands for; empty = no short form
	Open      bool          // takes parameters beyond Params (their names are free)
	Result    string        // one sentence on what becomes the body; empty = body unchanged
	Effect    bool          // changes the world outside the run: recorded before the next step begins
	Timeout   time.Duration // default for one call; 0 = the engine's
	Errors    []fault.Code  // that it may fail with, beside those of every command and those of its examples
	Examples  []Example
}

// Param finds a parameter by name or alias.
func (s *Spec) Param(name string) (*Param, bool) {
	for i := range s.Params {
		if p := &s.Params[i]; p.Name == name || slices.Contains(p.Aliases, name) {
			return p, true
		}
	}
	return nil, false
}

// Definition is a command with its description.
type Definition struct {
	Spec    Spec
	Command Command
}

// Registry finds commands by name. It never changes, so it needs no lock.
type Registry struct {
	byName map[string]*Definition
	names  []string
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*$`)

// NewRegistry makes a registry. A malformed or doubled name and a contradictory Spec are errors.
func NewRegistry(defs ...Definition) (*Registry, error) {
	r := &Registry{byName: make(map[string]*Definition, len(defs))}
	for _, d := range defs {
		if err := d.Spec.check(); err != nil {
			return nil, err
		}
		for _, name := range append([]string{d.Spec.Name}, d.Spec.Aliases...) {
			if !nameForm.MatchString(name) {
				return nil, fault.New(fault.Internal, "command name %q is malformed", name)
			}
			if _, taken := r.byName[name]; taken {
				return nil, fault.New(fault.Internal, "two commands are called %q", name)
			}
			r.byName[name] = &d
			r.names = append(r.names, name)
		}
	}
	slices.Sort(r.names)
	return r, nil
}

// Lookup finds a command by its name or an alias. The error has fault.CommandUnknown and names the nearest one.
func (r *Registry) Lookup(name string) (*Definition, error) {
	if d, ok := r.byName[name]; ok {
		return d, nil
	}
	return nil, fault.New(fault.CommandUnknown, "unknown command %q", name).WithHint("%s", fault.DidYouMean(name, r.names))
}

// Names gives all names and aliases, sorted. The caller must not change the slice.
func (r *Registry) Names() []string { return r.names }

// Definitions gives every definition once, sorted by name.
func (r *Registry) Definitions() []*Definition {
	var out []*Definition
	for _, name := range r.names {
		if d := r.byName[name]; d.Spec.Name == name {
			out = append(out, d)
		}
	}
	return out
}
