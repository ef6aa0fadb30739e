package pipetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/expr"
)

// difference is one place where a value is not what it must be.
type difference struct {
	path string
	want string
	got  any
	none bool // there is no value
}

func (d difference) String() string {
	if d.none {
		return fmt.Sprintf("%s: expected %s, got nothing", d.path, d.want)
	}
	return fmt.Sprintf("%s: expected %s, got %s", d.path, d.want, shortValue(d.got))
}

// comparison compares one value.
type comparison struct {
	ctx   context.Context
	env   expr.Env
	found []difference
	err   error // of an expression of the test file
}

func (c *comparison) differ(path string, w *want, got any) {
	c.found = append(c.found, difference{path: path, want: w.String(), got: got})
}

// compare notes where got is not what it must be, and gives what it must be: got itself where it is right.
func (c *comparison) compare(w *want, got any, path string) any {
	switch w.kind {
	case wantMap:
		return c.compareMap(w, got, path)
	case wantList:
		return c.compareList(w, got, path)
	case wantComputed:
		v, err := w.of.Eval(c.ctx, c.env)
		if err != nil {
			c.err = placed(err, w.at)
			return got
		}
		if !equal(v, got) {
			c.found = append(c.found, difference{path: path, want: shortValue(v), got: got})
		}
		return v
	}
	if c.fits(w, got) {
		return got
	}
	c.differ(path, w, got)
	if w.kind == wantEqual {
		return w.constant
	}
	return w.String()
}

// fits judges what is no map and no list.
func (c *comparison) fits(w *want, got any) bool {
	switch w.kind {
	case wantEqual:
		return equal(w.constant, got)
	case wantCondition:
		env := make(expr.Env, len(c.env)+1)
		for name, v := range c.env {
			env[name] = v
		}
		env["value"] = got
		v, err := w.of.Eval(c.ctx, env)
		if err != nil {
			c.err = placed(err, w.at)
			return true
		}
		return expr.Truthy(v)
	case wantMatches:
		text, isText := got.(string)
		return isText && w.pattern.MatchString(text)
	case wantPart:
		text, isText := got.(string)
		part, _ := w.constant.(string)
		return isText && strings.Contains(text, part)
	case wantLength:
		n, counts := lengthOf(got)
		return counts && c.sub(&w.items[0], n)
	case wantNot:
		return !c.sub(&w.items[0], got)
	case wantOneOf:
		return slices.ContainsFunc(w.items, func(one want) bool { return c.sub(&one, got) })
	}
	return true // wantAny
}

// sub judges without noting differences.
func (c *comparison) sub(w *want, got any) bool {
	inner := comparison{ctx: c.ctx, env: c.env}
	inner.compare(w, got, "")
	if inner.err != nil {
		c.err = inner.err
	}
	return len(inner.found) == 0
}

func lengthOf(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return len([]rune(v)), true
	case []any:
		return len(v), true
	case map[string]any:
		return len(v), true
	}
	return 0, false
}

func (c *comparison) compareMap(w *want, got any, path string) any {
	m, isMap := got.(map[string]any)
	if !isMap {
		c.differ(path, w, got)
		return w.example()
	}
	out := map[string]any{}
	for i, name := range w.names {
		at := path + "." + name
		v, has := m[name]
		if !has && !w.items[i].takesNothing() {
			c.found = append(c.found, difference{path: at, want: w.items[i].String(), none: true})
			out[name] = w.items[i].example()
			continue
		}
		if has {
			out[name] = c.compare(&w.items[i], v, at)
		}
	}
	for _, name := range sortedNames(m) {
		if slices.Contains(w.names, name) {
			continue
		}
		if w.open {
			out[name] = m[name]
			continue
		}
		c.found = append(c.found, difference{path: path + "." + name, want: "nothing", got: m[name]})
	}
	return out
}

// takesNothing reports whether a name may be missing.
func (w *want) takesNothing() bool {
	return w.kind == wantNot && w.items[0].kind == wantAny
}

func (c *comparison) compareList(w *want, got any, path string) any {
	list, isList := got.([]any)
	if !isList {
		c.differ(path, w, got)
		return w.example()
	}
	if w.open {
		next := 0
		for i := range w.items {
			at := slices.IndexFunc(list[next:], func(v any) bool { return c.sub(&w.items[i], v) })
			if at < 0 {
				c.found = append(c.found, difference{path: path, want: w.items[i].String() + " in it, in this order", got: got})
				return w.example()
			}
			next += at + 1
		}
		return got
	}
	out := make([]any, 0, len(w.items))
	for i := range w.items {
		at := path + "[" + strconv.Itoa(i) + "]"
		if i >= len(list) {
			c.found = append(c.found, difference{path: at, want: w.items[i].String(), none: true})
			out = append(out, w.items[i].example())
			continue
		}
		out = append(out, c.compare(&w.items[i], list[i], at))
	}
	for i := len(w.items); i < len(list); i++ {
		c.found = append(c.found, difference{path: path + "[" + strconv.Itoa(i) + "]", want: "nothing", got: list[i]})
	}
	return out
}
