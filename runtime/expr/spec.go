package expr

import (
	"strconv"
	"strings"
)

// function is the one description of what can be called: arguments are checked by it, and the reference,
// completion and lint are made of it. It is pure unless it says otherwise: calls with constant arguments
// are done once, when the expression is compiled.
type function struct {
	name     string // as written: len, @text.upperCase
	summary  string // what it gives; no full stop
	params   params
	other    []params // further lists of parameters, each of another length
	changing bool     // gives another value each time
	run      func(st *state, a args) (any, error)
	examples []Example // two at least, one of them an edge or a failure
}

// params are the parameters of one form of a function. Optional ones stand at the end.
type params []param

// param is one parameter.
type param struct {
	name     string
	kind     kind
	words    []string // the only texts that are taken; none = any
	optional bool
	many     bool // takes this and all further arguments
}

// The parameters as specs write them.

func anything(name string) param { return param{name: name, kind: anyKind} }
func text(name string) param     { return param{name: name, kind: textKind} }
func readable(name string) param { return param{name: name, kind: readableKind} }
func exact(name string) param    { return param{name: name, kind: exactKind} }
func texts(name string) param    { return param{name: name, kind: textsKind} }
func whole(name string) param    { return param{name: name, kind: wholeKind} }
func number(name string) param   { return param{name: name, kind: numberKind} }
func flag(name string) param     { return param{name: name, kind: flagKind} }
func list(name string) param     { return param{name: name, kind: listKind} }
func dict(name string) param     { return param{name: name, kind: mapKind} }
func sized(name string) param    { return param{name: name, kind: sizedKind} }
func date(name string) param     { return param{name: name, kind: dateKind} }

func oneOf(name string, words ...string) param {
	return param{name: name, kind: exactKind, words: words}
}

func (p param) opt() param         { p.optional = true; return p }
func (p param) all() param         { p.many = true; return p }
func gives(e, want string) Example { return Example{Expr: e, Want: want} }
func fails(e, text string) Example { return Example{Expr: e, Fails: text} }

// least and most are the numbers of arguments; a most of -1 is any number.
func (p params) least() int {
	n := len(p)
	for n > 0 && p[n-1].optional {
		n--
	}
	return n
}

func (p params) most() int {
	if len(p) > 0 && p[len(p)-1].many {
		return -1
	}
	return len(p)
}

func (p params) take(n int) bool {
	return n >= p.least() && (p.most() < 0 || n <= p.most())
}

// at is the parameter of argument number i.
func (p params) at(i int) *param { return &p[min(i, len(p)-1)] }

// form gives the list of parameters that takes n arguments, nil and false when there is none.
func (f *function) form(n int) (params, bool) {
	for _, p := range f.forms() {
		if p.take(n) {
			return p, true
		}
	}
	return nil, false
}

func (f *function) forms() []params { return append([]params{f.params}, f.other...) }

// signature writes a call for people: @text.leftPad(text, size, [pad]).
func (p params) signature(name string) string {
	names := make([]string, len(p))
	for i, one := range p {
		names[i] = one.name
		if one.many {
			names[i] += "..."
		}
		if one.optional {
			names[i] = "[" + names[i] + "]"
		}
	}
	return name + "(" + strings.Join(names, ", ") + ")"
}

// counts writes how many arguments p takes: "2 arguments", "1 to 3 arguments".
func (p params) counts() string {
	least, most := strconv.Itoa(p.least()), strconv.Itoa(p.most())
	switch {
	case p.most() < 0:
		return "at least " + plural(least)
	case least != most:
		return least + " to " + plural(most)
	case most == "0":
		return "no arguments"
	}
	return plural(least)
}

func plural(n string) string {
	if n == "1" {
		return "1 argument"
	}
	return n + " arguments"
}
