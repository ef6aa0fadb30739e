package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// find gives the nodes that the paths point to, in the order of the document. Every node that is looked at
// is a step.
func (x xpath) find(st *state, from *xmlNode) ([]*xmlNode, error) {
	var out []*xmlNode
	for _, l := range x {
		found, err := l.find(st, from)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return ordered(st, out)
}

// ordered sorts nodes and drops those that occur twice.
func ordered(st *state, nodes []*xmlNode) ([]*xmlNode, error) {
	if len(nodes) < 2 {
		return nodes, nil
	}
	if err := st.step(len(nodes)); err != nil {
		return nil, err
	}
	slices.SortFunc(nodes, func(a, b *xmlNode) int { return a.order - b.order })
	return slices.Compact(nodes), nil
}

func (l xmlLocation) find(st *state, from *xmlNode) ([]*xmlNode, error) {
	if l.absolute {
		for from.parent != nil {
			from = from.parent
		}
	}
	current := []*xmlNode{from}
	for _, s := range l.steps {
		var next []*xmlNode
		for _, n := range current {
			found, err := s.from(st, n)
			if err != nil {
				return nil, err
			}
			if err := st.grow(32 * len(found)); err != nil { // with what growing leaves behind
				return nil, err
			}
			next = append(next, found...)
		}
		var err error
		if current, err = ordered(st, next); err != nil {
			return nil, err
		}
	}
	return current, nil
}

// from gives the nodes one step away from n.
func (s xmlStep) from(st *state, n *xmlNode) ([]*xmlNode, error) {
	var found []*xmlNode
	var visit func(of []*xmlNode) error
	visit = func(of []*xmlNode) error {
		if err := st.step(len(of)); err != nil {
			return err
		}
		for _, c := range of {
			if s.fits(c) {
				if err := st.grow(32); err != nil {
					return err
				}
				found = append(found, c)
			}
			if s.axis == xmlDeep {
				if err := visit(c.children); err != nil {
					return err
				}
			}
		}
		return nil
	}
	of := []*xmlNode{n}
	switch s.axis {
	case xmlChild:
		of = n.children
	case xmlAttribute:
		of = n.attrs
	case xmlParent:
		if of = nil; n.parent != nil {
			of = []*xmlNode{n.parent}
		}
	}
	if err := visit(of); err != nil {
		return nil, err
	}
	for _, p := range s.predicates {
		var kept []*xmlNode
		for i, c := range found {
			ok, err := p.holds(st, xmlContext{node: c, position: i + 1, size: len(found)})
			if err != nil {
				return nil, err
			}
			if ok {
				kept = append(kept, c)
			}
		}
		found = kept
	}
	return found, nil
}

// fits applies the name test. A name without a prefix fits every prefix, as most authors mean it.
func (s xmlStep) fits(n *xmlNode) bool {
	switch s.test {
	case "node()":
		return true
	case "text()":
		return n.kind == xmlChars
	case "*":
		return n.kind == xmlElement || n.kind == xmlAttr
	}
	if prefix, ok := strings.CutSuffix(s.test, ":*"); ok {
		return strings.HasPrefix(n.name, prefix+":")
	}
	return n.name != "" && (n.name == s.test || n.local() == s.test)
}

// xmlContext is where a predicate is tested.
type xmlContext struct {
	node           *xmlNode
	position, size int
}

func (t xmlTest) holds(st *state, at xmlContext) (bool, error) {
	if err := st.step(1); err != nil {
		return false, err
	}
	switch t.op {
	case "or", "and":
		for _, p := range t.parts {
			ok, err := p.holds(st, at)
			if err != nil || ok == (t.op == "or") {
				return ok, err
			}
		}
		return t.op == "and", nil
	case "not":
		ok, err := t.parts[0].holds(st, at)
		return !ok, err
	case "contains", "starts-with":
		a, err := t.parts[0].text(st, at)
		if err != nil {
			return false, err
		}
		b, err := t.parts[1].text(st, at)
		if err != nil {
			return false, err
		}
		if t.op == "contains" {
			return strings.Contains(a, b), st.scan(len(a) + len(b))
		}
		return strings.HasPrefix(a, b), st.scan(len(b))
	case "=", "!=", "<", "<=", ">", ">=":
		return t.compare(st, at)
	case "path":
		found, err := t.path.find(st, at.node)
		return len(found) > 0, err
	case "text":
		return t.literal != "", nil
	case "name":
		return at.node.name != "", nil
	}
	if t.op == "count" {
		found, err := t.parts[0].path.find(st, at.node)
		return len(found) == at.position, err
	}
	return t.numeric(at) == float64(at.position), nil // a number alone is a position
}

// numeric is the value of position(), last() and numbers.
func (t xmlTest) numeric(at xmlContext) float64 {
	switch t.op {
	case "position":
		return float64(at.position)
	case "last":
		return float64(at.size)
	}
	return t.number
}

// texts are the values that a comparison looks at: the text of each node, or one.
func (t xmlTest) texts(st *state, at xmlContext) ([]string, error) {
	switch t.op {
	case "path":
		found, err := t.path.find(st, at.node)
		if err != nil {
			return nil, err
		}
		out := make([]string, 0, len(found))
		for _, n := range found {
			s, err := st.xmlText(n)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	case "text":
		return []string{t.literal}, nil
	case "name":
		return []string{at.node.name}, nil
	case "count":
		found, err := t.parts[0].path.find(st, at.node)
		return []string{strconv.Itoa(len(found))}, err
	case "number", "position", "last":
		return []string{strconv.FormatFloat(t.numeric(at), 'f', -1, 64)}, nil
	}
	ok, err := t.holds(st, at)
	return []string{strconv.FormatBool(ok)}, err
}

func (t xmlTest) text(st *state, at xmlContext) (string, error) {
	all, err := t.texts(st, at)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// compare holds when any of the values on the left and any on the right do. Texts are compared as numbers
// for order, and when one side is a number.
func (t xmlTest) compare(st *state, at xmlContext) (bool, error) {
	left, err := t.parts[0].texts(st, at)
	if err != nil {
		return false, err
	}
	right, err := t.parts[1].texts(st, at)
	if err != nil {
		return false, err
	}
	numbers := len(t.op) > 0 && (t.op[0] == '<' || t.op[0] == '>') || t.parts[0].isNumber() || t.parts[1].isNumber()
	for _, a := range left {
		if err := st.step(1 + len(right) + len(a)*len(right)>>6); err != nil {
			return false, err
		}
		for _, b := range right {
			if compared(t.op, a, b, numbers) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (t xmlTest) isNumber() bool { return isOneOf(t.op, "number", "position", "last", "count") }

func compared(op, a, b string, numbers bool) bool {
	if !numbers {
		return (a == b) == (op == "=")
	}
	x, y := xmlNumber(a), xmlNumber(b)
	switch op {
	case "=":
		return x == y
	case "!=":
		return x != y
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

// xmlNumber reads a number, NaN when s is none: nothing equals that.
func xmlNumber(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}
