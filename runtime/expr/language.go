package expr

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// Env is what an expression may read: body, vars, headers, event, request, exception and context. Its
// values are those of package value. A missing name reads as null.
type Env map[string]any

// Options configure a [Language]. The zero value works.
type Options struct {
	Now func() time.Time // the clock of @date; nil = the system's
}

// Language compiles expressions, templates and targets. It never changes, so it may be used from many goroutines.
type Language struct{ options Options }

// New makes a language.
func New(o Options) *Language { return &Language{o} }

// Compile reads one expression without its delimiters.
func (l *Language) Compile(src string) (*Program, error) { return nil, unready() }

// Program is a compiled expression. It may be evaluated from many goroutines.
type Program struct{}

// Eval gives the value of the expression.
func (p *Program) Eval(ctx context.Context, env Env) (any, error) { return nil, unready() }

// Template reads a text with ${...} and #{...}.
func (l *Language) Template(text string) (*Template, error) { return &Template{text}, nil }

// Template is a compiled text.
type Template struct{ text string }

// Constant gives the value of a template that reads nothing.
func (t *Template) Constant() (any, bool) { return t.text, true }

// Eval gives the value of the template.
func (t *Template) Eval(ctx context.Context, env Env) (any, error) { return t.text, nil }

// Target reads the name of a place that a value may be written to, such as vars.x.
func (l *Language) Target(text string) (*Target, error) { return &Target{text}, nil }

// Target is a compiled place.
type Target struct{ root string }

// Root is the first name of the target: vars or body.
func (t *Target) Root() string { return t.root }

// Set gives a copy of root that holds v at the target.
func (t *Target) Set(ctx context.Context, env Env, root any, v any) (any, error) { return v, nil }

// Truthy is the rule of `if`: false, a negative number, null and the empty text are false, all else is true.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int:
		return v >= 0
	case float64:
		return v >= 0
	case string:
		return v != ""
	}
	return true
}

// Text is how v reads inside a mixed text: maps and lists as JSON, null as nothing.
func Text(v any) string { s, _ := v.(string); return s }

// Util describes one function of the language, such as @text.upperCase.
type Util struct {
	Name      string // as written: @text.upperCase
	Signature string
	Summary   string
	Example   string // an expression without delimiters
	Want      string // JSON text of its value
}

// Utils describes all functions.
func Utils() []Util { return nil }

func unready() error { return fault.New(fault.Internal, "expressions are not ready") }
