package expr

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/expr-lang/expr/conf"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Env is what an expression may read: body, vars, headers, event, request, exception and context. Its
// values are those of package value; they are never changed. A missing name reads as null.
type Env map[string]any

func roots() []string {
	return []string{"body", "vars", "headers", "event", "request", "exception", "context"}
}

// roots gives the names that expressions of the language read.
func (l *Language) roots() []string { return append(roots(), l.options.Names...) }

func (l *Language) isRoot(name string) bool { return slices.Contains(l.roots(), name) }

// Caller is the name in an [Env] under which @user finds whose rights the run has: the name of an
// identity. Expressions cannot read it otherwise.
const Caller = "caller"

// Options configure a [Language]. The zero value works: a zero limit means its default, and functions
// that need a part of the world which is nil fail with fault.ExprUnavailable.
type Options struct {
	Now  func() time.Time // the clock of @date and of MaxTime; nil = the system's
	Zone *time.Location   // of dates without one; nil = UTC

	Names []string // that an [Env] may hold beside those of pipelines

	Properties Properties // for @property
	Users      Users      // for @user
	Instance   Instance   // for @instance
	Resolver   Resolver   // for @resolve, @uri and @content.newContent

	MaxSource  int           // bytes of one expression; 16 KiB
	MaxNesting int           // brackets, unary operators and ternaries inside each other; 64
	MaxNodes   int           // parts of one expression; 4,000
	MaxSteps   int           // units of work of one evaluation, see doc.go; 1,000,000
	MaxBytes   int           // of text, lists and maps that one evaluation makes; 32 MiB
	MaxList    int           // items of one list that an evaluation makes; 100,000
	MaxTime    time.Duration // of one evaluation, when its context does not end it sooner; 2 s
	MaxWait    time.Duration // that all questions of one evaluation to Properties, Users and Resolver may take; 10 s
}

// Defaults gives the options that a zero [Options] stands for.
func Defaults() Options { return Options{}.withDefaults() }

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default clock
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	for _, limit := range []struct {
		field    *int
		standard int
	}{
		{&o.MaxSource, 16 << 10},
		{&o.MaxNesting, 64},
		{&o.MaxNodes, 4000},
		{&o.MaxSteps, 1_000_000},
		{&o.MaxBytes, 32 << 20},
		{&o.MaxList, 100_000},
	} {
		if *limit.field <= 0 {
			*limit.field = limit.standard
		}
	}
	if o.MaxTime <= 0 {
		o.MaxTime = 2 * time.Second
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 10 * time.Second
	}
	return o
}

// Language compiles expressions, templates and targets. It never changes, so it may be used from many goroutines.
type Language struct {
	options   Options
	grammar   *conf.Config
	functions map[string]*function // by name: len, @text.upperCase
	methods   map[string]*function // by the name behind the dot: size, contains
	leftOut   map[string]string    // by name: what to write instead
	states    sync.Pool            // of *state
	heavy     chan struct{}        // taken by each heavy evaluation that is at work
}

// New makes a language.
func New(o Options) *Language {
	l := &Language{functions: map[string]*function{}, leftOut: leftOut(), heavy: heavySlots()}
	l.options = o.withDefaults()
	l.grammar = newGrammar(l.options)
	for _, f := range allFunctions() {
		l.functions[f.name] = &f
	}
	l.methods = methods(l.functions)
	l.states.New = func() any { return new(state) }
	return l
}

// Compile reads one expression without its delimiters. Errors have fault.ExprSyntax, or fault.ExprLimit
// for one that is too large, and a position in src.
func (l *Language) Compile(src string) (*Program, error) {
	return l.compile(&source{text: src, expr: src})
}

// CompileWith is Compile for an expression that reads further names, such as item, which [Program.Eval]
// finds in its Env too. They come before functions of the same name.
func (l *Language) CompileWith(src string, names ...string) (*Program, error) {
	return l.compile(&source{text: src, expr: src}, names...)
}

// Program is a compiled expression. It may be evaluated from many goroutines.
type Program struct {
	lang *Language
	src  *source
	code code
	vars int // slots for `let`

	names []string // of the first slots, taken from Env
	reads []*path
}

// Eval gives the value of the expression. It ends early when ctx does. Errors have fault.ExprEval or
// fault.ExprLimit and the position in the source; they name paths, types and limits, never values.
func (p *Program) Eval(ctx context.Context, env Env) (any, error) {
	switch {
	case p.code.constant:
		return p.code.value, nil
	case p.code.path != nil:
		v, err := p.code.path.read(env[p.code.path.root])
		if err != nil {
			return nil, err
		}
		return leave(v)
	}
	st := p.lang.begin(ctx, env)
	defer p.lang.end(st)
	return p.eval(st)
}

// eval runs inside an evaluation that has begun, so that the parts of a template share its limits.
func (p *Program) eval(st *state) (any, error) {
	if p.code.constant {
		return p.code.value, nil
	}
	st.reserve(p.vars)
	for i, name := range p.names {
		st.vars[i] = st.env[name]
	}
	v, err := p.code.run(st)
	if err != nil {
		return nil, err
	}
	if st.built {
		// What an expression built may hold one value many times over and so be far larger as text
		// than it is in memory.
		if _, err := st.measure(v, 0); err != nil {
			return nil, p.src.at(err, 0)
		}
	}
	return leave(v)
}

// leave lets only values of the model out.
func leave(v any) (any, error) {
	switch v.(type) {
	case nil, string, int, bool, map[string]any, []any:
		return v, nil
	}
	n, err := value.Normalize(v)
	if err != nil {
		return nil, fault.Wrap(fault.ExprEval, err, "reading the result of an expression")
	}
	return n, nil
}
