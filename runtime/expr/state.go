package expr

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// state is one evaluation: what it reads and what it has used up.
type state struct {
	ctx   context.Context
	lang  *Language
	env   Env
	vars  []any // of `let`
	args  []any // of the calls in progress
	scope scope // of the innermost predicate
	built bool  // a list or map was made

	steps, maxSteps int
	pause           int // the steps at which limit, ctx and clock are looked at again
	bytes, maxBytes int
	began           time.Time // the first such look: a short evaluation needs no clock
	waited          time.Duration
	heavy           bool // holds a slot of Language.heavy
	rested          int  // the steps at its last rest

	pattern string // the last regular expression that was not constant
	regex   *regex
}

// scope is what # means inside a predicate.
type scope struct {
	item  any
	index int
	acc   any
}

const pauseEvery = 1024 // steps between two looks at ctx and clock: some ten microseconds

func (l *Language) begin(ctx context.Context, env Env) *state {
	st := l.states.Get().(*state)
	st.ctx, st.lang, st.env = ctx, l, env
	st.steps, st.maxSteps, st.pause = 0, l.options.MaxSteps, min(pauseEvery, l.options.MaxSteps+1)
	st.bytes, st.maxBytes = 0, l.options.MaxBytes
	st.built, st.began, st.waited, st.rested = false, time.Time{}, 0, 0
	return st
}

// end gives the state back without keeping the values of the run alive.
func (l *Language) end(st *state) {
	st.lighten()
	const keep = 256 // slots; a rare giant is not kept
	if cap(st.args) > keep || cap(st.vars) > keep {
		return
	}
	clear(st.vars[:cap(st.vars)])
	clear(st.args[:cap(st.args)])
	*st = state{vars: st.vars[:0], args: st.args[:0]}
	l.states.Put(st)
}

func (st *state) reserve(vars int) {
	for len(st.vars) < vars {
		st.vars = append(st.vars, nil)
	}
}

// step takes n units of work.
func (st *state) step(n int) error {
	if st.steps += n; st.steps < st.pause {
		return nil
	}
	if st.steps > st.maxSteps {
		return limit("steps", st.maxSteps)
	}
	st.pause = min(st.steps+pauseEvery, st.maxSteps+1)
	err := st.ctx.Err()
	if err == nil && st.steps > heavySteps {
		err = st.giveWay(st.ctx)
	}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fault.Wrap(fault.ExprLimit, err, "the time limit ended an expression")
		}
		return fault.Wrap(fault.ExprEval, err, "evaluating an expression")
	}
	now := st.lang.options.Now()
	if st.began.IsZero() {
		st.began = now
	}
	if most := st.lang.options.MaxTime; now.Sub(st.began) > most {
		return fault.New(fault.ExprLimit, "the limit of %s for an expression is exceeded", most)
	}
	return nil
}

// scan takes the work of reading n bytes.
func (st *state) scan(n int) error { return st.step(n >> 6) }

// grow takes n bytes before they are allocated, and the work of filling them.
func (st *state) grow(n int) error {
	if n < 0 || n > st.maxBytes-st.bytes {
		return limit("bytes", st.maxBytes)
	}
	st.bytes += n
	return st.scan(n)
}

// list makes an empty list with room for n items.
func (st *state) list(n int) ([]any, error) {
	if n > st.lang.options.MaxList {
		return nil, limit("list items", st.lang.options.MaxList)
	}
	if err := st.grow(24 + 16*n); err != nil {
		return nil, err
	}
	st.built = true
	return make([]any, 0, n), nil
}

// object makes an empty map with room for n names.
func (st *state) object(n int) (map[string]any, error) {
	size := 48
	if n > 0 {
		size = 320 + 48*n // one group of eight slots at least
	}
	if err := st.grow(size); err != nil {
		return nil, err
	}
	if err := st.step(2 * n); err != nil { // filling a map is dearer than filling a list
		return nil, err
	}
	st.built = true
	return make(map[string]any, n), nil
}

// measure gives an upper bound of the length of v as JSON text, and refuses what nests too deep or is
// longer than the byte limit. It takes the work of looking at everything.
func (st *state) measure(v any, depth int) (int, error) {
	if depth > value.MaxDepth {
		return 0, limit("depth of a value", value.MaxDepth)
	}
	if err := st.step(1); err != nil {
		return 0, err
	}
	var size int
	switch v := v.(type) {
	case string:
		size = textSize(v)
		if err := st.scan(len(v)); err != nil {
			return 0, err
		}
	case json.Number:
		size = len(v)
	case []any:
		size = 2 + len(v)
		for _, item := range v {
			n, err := st.measure(item, depth+1)
			if err != nil {
				return 0, err
			}
			if size += n; size > st.maxBytes {
				break
			}
		}
	case map[string]any:
		size = 2
		for name, item := range v {
			n, err := st.measure(item, depth+1)
			if err != nil {
				return 0, err
			}
			if size += n + textSize(name) + 2; size > st.maxBytes {
				break
			}
		}
	case nil, bool, int, float64:
		size = 25 // the longest float
	default:
		return 0, fault.New(fault.ExprEval, "a value is neither null, boolean, number, text, list nor map")
	}
	if size > st.maxBytes {
		return 0, limit("bytes", st.maxBytes)
	}
	return size, nil
}

// textSize bounds the length of s as a JSON string.
func textSize(s string) int {
	n := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20:
			n += 5
		case c == '"' || c == '\\':
			n++
		case c >= 0x80:
			n += 2 // an invalid byte becomes U+FFFD
		}
	}
	return n
}

// json gives v as JSON text.
func (st *state) json(v any) (string, error) {
	size, err := st.measure(v, 0)
	if err != nil {
		return "", err
	}
	if err := st.grow(2 * size); err != nil { // the bytes and the text made of them
		return "", err
	}
	out, err := value.AppendJSON(make([]byte, 0, size), v)
	if err != nil {
		return "", fault.Wrap(fault.ExprEval, err, "writing a value as JSON")
	}
	return string(out), nil
}

// text gives v as it reads inside a text.
func (st *state) text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []any, map[string]any:
		return st.json(v)
	default:
		return Text(v), nil
	}
}

func limit(name string, most int) *fault.Error {
	return fault.New(fault.ExprLimit, "the limit of %d %s of an expression is exceeded", most, name)
}
