package builtin

import (
	"context"
	"errors"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// maxMade is how much a command makes of many items, in bytes of JSON text.
const maxMade = 32 << 20

// formula is a parameter that holds an expression, or several of them.
type formula struct {
	name     string
	programs []*expr.Program
}

// formulaOf compiles a parameter; separated by one of the given characters it may hold several expressions.
func formulaOf(d Deps, call command.Call, name, separators string, names ...string) (formula, error) {
	f := formula{name: name}
	if d.Language == nil {
		return f, missing("language")
	}
	text, _ := call.Args[name].(string)
	for _, part := range split(text, separators) {
		if part = undelimited(part); part == "" {
			continue
		}
		p, err := d.Language.CompileWith(part, names...)
		if err != nil {
			return f, f.wrong(err)
		}
		f.programs = append(f.programs, p)
	}
	if len(f.programs) == 0 {
		return f, fault.New(fault.CommandMissing, "parameter %q holds no expression", name)
	}
	return f, nil
}

// value evaluates all expressions and gives what the last one gives.
func (f formula) value(ctx context.Context, env expr.Env) (v any, err error) {
	for _, p := range f.programs {
		if v, err = p.Eval(ctx, env); err != nil {
			return nil, f.wrong(err)
		}
	}
	return v, nil
}

// holds evaluates a condition; null is false.
func (f formula) holds(ctx context.Context, env expr.Env) (bool, error) {
	v, err := f.value(ctx, env)
	holds, isBool := v.(bool)
	if err == nil && !isBool && v != nil {
		err = fault.New(fault.CommandType, "parameter %q must give true or false, not %s", f.name, value.TypeName(v))
	}
	return holds, err
}

func (f formula) wrong(err error) error {
	e := fault.Wrap(fault.CodeOf(err), err, "evaluating parameter %q", f.name)
	var inner *fault.Error
	if errors.As(err, &inner) && inner.Hint != "" {
		e = e.WithHint("%s", inner.Hint)
	}
	return e
}

// undelimited takes ${ } or #{ } off: these parameters do without, but many write them.
func undelimited(text string) string {
	text = strings.TrimSpace(text)
	if (strings.HasPrefix(text, "${") || strings.HasPrefix(text, "#{")) && strings.HasSuffix(text, "}") {
		return strings.TrimSpace(text[2 : len(text)-1])
	}
	return text
}

// split cuts a text at separators that stand outside of quotes and brackets.
func split(text, separators string) []string {
	var parts []string
	depth, quote, start := 0, byte(0), 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth <= 0 && strings.IndexByte(separators, c) >= 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// envOf is what these expressions read beside their own names.
func envOf(call command.Call) expr.Env {
	return expr.Env{"body": call.Body, "vars": call.Vars, expr.Caller: call.Identity}
}

// items gives the list that a command works on: the body, or what input says.
func items(call command.Call) ([]any, error) {
	list, isList := call.Body.([]any)
	if !isList {
		return nil, fault.New(fault.CommandType, "%s works on a list, not on %s", "the command", article(call.Body)).
			WithHint("name the list with input")
	}
	return list, nil
}

func article(v any) string {
	if name := value.TypeName(v); name == "null" || name == "text" {
		return name
	} else {
		return "a " + name
	}
}

// made counts what is made of many items, so that a few expressions do not fill the memory.
type made struct{ bytes int }

func (m *made) add(v any) error {
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		return fault.Wrap(fault.ExprType, err, "encoding a value")
	}
	if m.bytes += len(text); m.bytes > maxMade {
		return fault.New(fault.ExprLimit, "the limit of %d bytes for what a command makes is exceeded", maxMade)
	}
	return nil
}
