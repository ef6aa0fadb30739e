package lsp

import (
	"slices"

	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/command"
)

// kind says what can stand at a place.
type kind int

const (
	nowhere  kind = iota
	aSection      // a name at the top of the file
	aCommand      // the name of a command
	aName         // the name of a parameter, header or field, one of params
	aValue        // the value of param
	anything      // a text in which only expressions mean something
)

// place is where the cursor is.
type place struct {
	kind   kind
	first  bool            // a command: one that starts the pipeline may stand here
	spec   *command.Spec   // of the command around; nil = none or unknown
	params []command.Param // names that may stand here
	param  *command.Param  // whose value this is
	given  []string        // names that stand beside this one
	way    []loose.Step
	scalar *loose.Node
	isKey  bool     // the scalar is a name, with its colon or about to get one
	colon  bool     // it has its colon
	words  []string // texts that a field of a form is likely to have
	at     int      // offset of the cursor in the scalar's text; may be outside of it
	bare   bool     // the whole scalar is an expression, without delimiters
}

// before is the text of the scalar in front of the cursor.
func (p *place) before() string { return p.scalar.Text[:min(max(p.at, 0), len(p.scalar.Text))] }

// part is what kind of node the way leads through.
type part int

const (
	inFile part = iota
	inHeaders
	inSteps
	inStep
	inCall     // what stands behind the name of a command
	inParam    // the value of a parameter
	inCases    // a list of cases
	inBranches // the branches of parallel
	inFields   // a map of fixed fields
	inForm     // a map of fields of a form, or a list of such maps
	inFree
)

type state struct {
	part   part
	first  bool
	spec   *command.Spec
	param  *command.Param
	params []command.Param
	fields []Field // of a form
	words  []string
	bare   bool
	steps  bool // a list here holds commands
	line   int  // of the name that this is the value of
}

// locate says what stands at an offset of a file.
func (v *vocabulary) locate(file string, root *loose.Node, offset int) (place, bool) {
	found, ok := root.Find(offset)
	if !ok {
		return place{}, false
	}
	st := state{part: inFile}
	if form := v.form(file); form != nil {
		st = state{part: inForm, fields: form.Fields}
	}
	p := place{way: found.Way, scalar: found.Scalar, isKey: found.IsKey, at: offset - found.Scalar.Inner}
	for i, w := range found.Way {
		last := i == len(found.Way)-1
		if last && found.IsKey {
			pair := w.Node.Pairs[w.At]
			p.colon = pair.Colon
			v.atKey(&p, st, w)
			return p, true
		}
		st = v.descend(st, w)
	}
	v.atValue(&p, st)
	return p, true
}

// names gives the names of a map, but for the pair at index except.
func names(n *loose.Node, except int) []string {
	var out []string
	for i, pair := range n.Pairs {
		if i != except {
			out = append(out, pair.Key.String())
		}
	}
	return out
}

func (v *vocabulary) atKey(p *place, st state, w loose.Step) {
	p.spec, p.given = st.spec, names(w.Node, w.At)
	switch st.part {
	case inFile:
		p.kind = aSection
	case inHeaders:
		p.kind, p.params = aName, v.headers
	case inStep:
		if w.At == 0 {
			p.kind, p.first = aCommand, st.first
		}
	case inCall:
		if st.spec != nil {
			p.kind, p.params = aName, v.params(st.spec)
		}
	case inFields:
		p.kind, p.params = aName, st.params
	case inForm:
		p.kind, p.params = aName, paramsOf(st.fields)
	case inParam:
		if fields := inside(st.param); fields != nil {
			p.kind, p.params, p.spec = aName, fields, nil
		}
	}
	if p.kind == nowhere {
		p.kind = anything
	}
}

func (v *vocabulary) atValue(p *place, st state) {
	p.spec, p.param, p.bare, p.words = st.spec, st.param, st.bare, st.words
	below := p.scalar.Line > st.line && p.scalar.Quote == 0 // on a line of its own, where a map may begin
	p.kind = anything
	switch st.part {
	case inFile:
		p.kind = aSection
	case inHeaders:
		p.kind, p.params = aName, v.headers
	case inStep:
		p.kind, p.first = aCommand, st.first
	case inFields:
		p.kind, p.params = aName, st.params
	case inForm:
		if p.kind, p.params = aName, paramsOf(st.fields); !below && st.param != nil { // a short form
			p.kind = aValue
		}
	case inCall:
		switch {
		case st.spec == nil:
		case below:
			p.kind, p.params = aName, v.params(st.spec)
		case st.spec.Shorthand != "":
			p.kind, p.param = aValue, find(st.spec.Params, st.spec.Shorthand)
			p.bare = isBare(st.spec, st.spec.Shorthand)
		}
	case inParam:
		p.kind = aValue
		if fields := inside(st.param); below && fields != nil {
			p.kind, p.params, p.spec = aName, fields, nil
		}
	}
}

// descend gives what a child of a node is, on the way that w tells.
func (v *vocabulary) descend(st state, w loose.Step) state {
	out := state{part: inFree, spec: st.spec}
	if w.Node.Kind == loose.List {
		out.line = w.Node.Line
		switch {
		case st.steps:
			return state{part: inStep, first: st.first && w.At == 0}
		case st.part == inBranches:
			out.part, out.steps = inSteps, true
		case st.part == inCases:
			out.part, out.params = inFields, inside(st.param)
		case st.part == inParam, st.part == inForm:
			line := out.line
			out = st
			out.line = line
			if st.part == inForm {
				out.param = nil
			}
		case st.part == inCall && st.spec != nil && st.spec.Shorthand != "":
			out.part, out.param = inParam, find(st.spec.Params, st.spec.Shorthand)
			out.bare = isBare(st.spec, st.spec.Shorthand)
			if st.spec.Name == "do" {
				return state{part: inStep}
			}
		}
		return out
	}
	pair := w.Node.Pairs[w.At]
	name := pair.Key.String()
	out.line = pair.Key.Line
	switch st.part {
	case inFile:
		switch name {
		case "headers":
			out.part = inHeaders
		case "pipeline":
			out.part, out.steps, out.first = inSteps, true, true
		}
	case inHeaders:
		out.part, out.param = inParam, find(v.headers, name)
	case inStep:
		out.part, out.spec = inCall, v.command(name)
	case inCall:
		out = v.ofParam(out, st.spec, name)
	case inBranches:
		out.part, out.steps = inSteps, true
	case inForm:
		if f := fieldOf(st.fields, name); f != nil {
			out.part, out.param, out.words, out.fields = inParam, &f.Param, f.Words, f.Fields
			if f.Fields != nil {
				out.part = inForm
			}
		}
	case inParam, inFields:
		fields := st.params
		if st.part == inParam {
			fields = inside(st.param)
		}
		if fields == nil {
			break
		}
		out.part, out.param = inParam, find(fields, name)
		out.steps = name == "then" && out.param != nil && out.param.Type == command.TypeList
	}
	return out
}

// ofParam gives what the value of a parameter is.
func (v *vocabulary) ofParam(out state, spec *command.Spec, name string) state {
	if spec == nil {
		return out
	}
	out.part, out.param, out.bare = inParam, find(v.params(spec), name), isBare(spec, name)
	if !v.language[spec.Name] || out.param == nil {
		return out
	}
	switch spec.Name + " " + out.param.Name {
	case "parallel branches":
		out.part = inBranches
	case "switch cases":
		out.part = inCases
	default:
		out.steps = holdsCommands(spec, out.param.Name)
	}
	return out
}

// holdsCommands reports whether a list under this name holds commands.
func holdsCommands(spec *command.Spec, name string) bool {
	return slices.Contains([]string{"then", "else", "do"}, name) &&
		slices.Contains([]string{"if", "foreach", "while", "do", "except", "finally", "macro", "parallel", "switch"}, spec.Name)
}
