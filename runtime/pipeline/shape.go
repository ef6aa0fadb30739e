package pipeline

import (
	"fmt"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// shape turns the two spellings of blocks into one: commands between foreach and foreach.end become the
// list that the nested spelling writes below do.

// innerLists names the parameters of a block that hold commands; the first is the one whose presence
// makes it the nested spelling.
func innerLists(command string) []string {
	switch command {
	case "if":
		return []string{"then", "else"}
	case "foreach", "while", "do", "except", "finally", "macro":
		return []string{"do"}
	}
	return nil
}

// closes gives the block that a closing word belongs to.
func closes(command string) (block string, ok bool) {
	switch command {
	case "if.else", "if.end":
		return "if", true
	case "foreach.end":
		return "foreach", true
	case "while.end":
		return "while", true
	case "except.end":
		return "except", true
	}
	return "", false
}

// flat reports whether the commands inside may also follow the block.
func flat(command string) bool {
	return slices.Contains([]string{"if", "foreach", "while", "except", "finally"}, command)
}

// maxNesting is how deep blocks may nest, in either spelling.
const maxNesting = 50

// shaper works on one list of commands.
type shaper struct {
	f     *faults
	depth int
	done  []entry
	open  []openBlock
	owed  map[string]int // closing words of blocks that were reported and ended already
}

// openBlock is a block of the flat spelling whose end has not come yet.
type openBlock struct {
	entry
	list   string // that the next commands go to
	elseAt int    // line of its if.else; 0 = none
}

// shape reads a list of commands, depth lists deep.
func shape(f *faults, list *node, depth int) []entry {
	s := &shaper{f: f, depth: depth}
	for _, item := range list.items {
		if e, ok := readEntry(f, item); ok {
			s.take(e)
		}
	}
	s.finish()
	return s.done
}

func (s *shaper) take(e entry) {
	if block, ok := closes(e.command); ok {
		s.close(block, e)
		return
	}
	if e.command == "except" || e.command == "finally" {
		s.closeTail("except") // one reaches to the next one
	}
	nested := s.inner(&e)
	if !nested && flat(e.command) {
		if s.tooDeep(&e) {
			return
		}
		e.tail = e.command == "except" || e.command == "finally"
		s.open = append(s.open, openBlock{entry: e, list: innerLists(e.command)[0]})
		return
	}
	s.add(e)
}

// inner reads the commands that stand below e; false when there are none.
func (s *shaper) inner(e *entry) (nested bool) {
	holders := innerLists(e.command)
	if e.command == "do" && e.short != nil && e.short.kind == listNode {
		e.params = &node{
			kind: mapNode, line: e.line, col: e.col,
			keys: []key{{name: "do", line: e.short.line, col: e.short.col}}, items: []*node{e.short},
		}
		e.short = nil
	}
	if e.params == nil {
		return false
	}
	for _, name := range holders {
		n, k, given := e.params.get(name)
		switch {
		case !given:
		case n.kind == listNode:
			nested = true
			s.read(e, name, n)
		case e.command == "macro" || e.command == "finally" && !n.isNull(): // an expression
		case n.kind == mapNode:
			nested = true
			s.f.add(fault.PipelineInvalid, n.line, n.col, "%q of %s is a list of commands, not a map", name, e.command).
				hint(`begin every command with "- "`)
		default:
			nested = true
			s.f.add(fault.PipelineInvalid, k.line, k.col, "%q of %s is a list of commands, not %s", name, e.command, n.typeName()).
				hint(`write the commands below it, each with "- " in front`)
		}
	}
	s.moreLists(e)
	return nested
}

// moreLists reads the lists of parallel and switch, which lie one level deeper.
func (s *shaper) moreLists(e *entry) {
	switch e.command {
	case "parallel":
		if n, _, given := e.params.get("do"); given && n.kind == listNode {
			s.read(e, "do", n)
		}
		n, _, given := e.params.get("branches")
		if !given || len(n.items) > mostBranches {
			return
		}
		for i, item := range n.items {
			name := fmt.Sprint(i)
			if n.kind == mapNode {
				name = n.keys[i].name
			}
			s.read(e, "branches."+name, item)
		}
	case "switch":
		if n, _, given := e.params.get("else"); given && n.kind == listNode {
			s.read(e, "else", n)
		}
		n, _, given := e.params.get("cases")
		if !given || n.kind != listNode {
			return
		}
		for i, item := range n.items {
			if then, _, given := item.get("then"); given {
				s.read(e, fmt.Sprint("cases.", i), then)
			}
		}
	}
}

// read reads a list of commands that stands inside e.
func (s *shaper) read(e *entry, name string, n *node) {
	if e.lists == nil {
		e.lists = map[string][]entry{}
	}
	switch {
	case n.kind != listNode:
		s.f.add(fault.PipelineInvalid, n.line, n.col, "this is a list of commands, not %s", n.typeName()).
			hint(`begin every command with "- "`)
	case s.depth+len(s.open) >= maxNesting:
		s.f.add(fault.PipelineLimit, n.line, n.col, "commands nest deeper than %d levels", maxNesting)
	default:
		e.lists[name] = shape(s.f, n, s.depth+len(s.open)+1)
	}
}

func (s *shaper) tooDeep(e *entry) bool {
	if s.depth+len(s.open) < maxNesting {
		return false
	}
	s.f.add(fault.PipelineLimit, e.line, e.col, "commands nest deeper than %d levels", maxNesting)
	return true
}

// add puts a finished command where it belongs: into the innermost open block.
func (s *shaper) add(e entry) {
	if len(s.open) == 0 {
		s.done = append(s.done, e)
		return
	}
	in := &s.open[len(s.open)-1]
	if in.lists == nil {
		in.lists = map[string][]entry{}
	}
	in.lists[in.list] = append(in.lists[in.list], e)
}

// close takes a closing word.
func (s *shaper) close(block string, e entry) {
	if e.params != nil || e.short != nil {
		s.f.add(fault.CommandParam, e.line, e.col, "%s takes no parameters", e.command)
	}
	if block != "except" {
		s.closeTail("except", "finally")
	}
	at := len(s.open) - 1
	for at >= 0 && s.open[at].command != block {
		at--
	}
	switch {
	case at < 0 && s.owed[e.command] > 0:
		s.owed[e.command]--
		return
	case at < 0 && len(s.open) > 0:
		o := &s.open[len(s.open)-1]
		s.f.add(fault.PipelineInvalid, e.line, e.col, "%s closes nothing: the %s in line %d is open", e.command, o.command, o.line).
			hint("%s", s.hintEnd(o))
		return
	case at < 0:
		s.f.add(fault.PipelineInvalid, e.line, e.col, "%s closes nothing: no %s is open here", e.command, block)
		return
	case at < len(s.open)-1:
		for _, o := range slices.Backward(s.open[at+1:]) {
			s.f.add(fault.PipelineInvalid, o.line, o.col, "the %s is still open at the %s in line %d", o.command, e.command, e.line).
				hint("%s", s.hintEnd(&o))
			if s.owed == nil {
				s.owed = map[string]int{}
			}
			s.owed[o.command+".end"]++
			s.pop()
		}
	}
	if e.command != "if.else" {
		s.pop()
		return
	}
	o := &s.open[at]
	if o.elseAt != 0 {
		s.f.add(fault.PipelineInvalid, e.line, e.col, "a second if.else for the if in line %d; the first is in line %d", o.line, o.elseAt)
		return
	}
	o.elseAt, o.list = e.line, "else"
}

func (s *shaper) hintEnd(o *openBlock) string {
	if o.tail {
		return fmt.Sprintf("a %s reaches to the end of its list", o.command)
	}
	return fmt.Sprintf(`write "- %s.end" behind its last command`, o.command)
}

// pop ends the innermost open block.
func (s *shaper) pop() {
	last := len(s.open) - 1
	e := s.open[last].entry
	s.open = s.open[:last]
	if e.lists == nil {
		e.lists = map[string][]entry{}
	}
	if first := innerLists(e.command)[0]; e.lists[first] == nil {
		e.lists[first] = []entry{}
	}
	s.add(e)
}

// closeTail ends blocks that need no closing word, as far as they are the innermost ones.
func (s *shaper) closeTail(commands ...string) {
	for len(s.open) > 0 {
		if o := &s.open[len(s.open)-1]; !o.tail || !slices.Contains(commands, o.command) {
			return
		}
		s.pop()
	}
}

func (s *shaper) finish() {
	for len(s.open) > 0 {
		if o := &s.open[len(s.open)-1]; !o.tail {
			s.f.add(fault.PipelineInvalid, o.line, o.col, "the %s has no %s.end", o.command, o.command).
				hint(`write "- %s.end" behind its last command, or put the commands below it as %q`, o.command, innerLists(o.command)[0])
		}
		s.pop()
	}
}
