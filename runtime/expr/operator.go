package expr

import (
	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// operator does one binary operator on two values.
type operator func(st *state, a, b any) (any, error)

func operatorOf(name string) operator {
	switch name {
	case "+":
		return add
	case "-", "*", "/", "%", "**":
		return func(_ *state, a, b any) (any, error) { return arithmetic(name, a, b) }
	case "^":
		return func(_ *state, a, b any) (any, error) { return arithmetic("**", a, b) }
	case "==":
		return func(st *state, a, b any) (any, error) { return equal(st, a, b) }
	case "!=":
		return func(st *state, a, b any) (any, error) {
			same, err := equal(st, a, b)
			return !same, err
		}
	case "<":
		return func(st *state, a, b any) (any, error) { n, err := compare(st, a, b); return n < 0, err }
	case "<=":
		return func(st *state, a, b any) (any, error) { n, err := compare(st, a, b); return n <= 0, err }
	case ">":
		return func(st *state, a, b any) (any, error) { n, err := compare(st, a, b); return n > 0, err }
	case ">=":
		return func(st *state, a, b any) (any, error) { n, err := compare(st, a, b); return n >= 0, err }
	case "in":
		return func(st *state, a, b any) (any, error) { return contains(st, b, a) }
	case "contains":
		return func(st *state, a, b any) (any, error) { return contains(st, a, b) }
	case "startsWith":
		return func(st *state, a, b any) (any, error) { return affix(st, a, b, "startsWith") }
	case "endsWith":
		return func(st *state, a, b any) (any, error) { return affix(st, a, b, "endsWith") }
	case "..":
		return span
	}
	return nil
}

func (c *compiler) unary(n *ast.UnaryNode) (code, error) {
	part, err := c.compile(n.Node)
	if err != nil {
		return code{}, err
	}
	if n.Operator == "not" || n.Operator == "!" {
		holds := c.condition(part, n.Node, n.Operator)
		return c.folded(func(st *state) (any, error) {
			ok, err := holds(st)
			return !ok, err
		}, part), nil
	}
	return c.folded(func(st *state) (any, error) {
		v, err := part.run(st)
		if err != nil {
			return nil, err
		}
		if out, err := arithmetic("-", 0, v); n.Operator == "-" || err != nil {
			return out, c.at(err, n)
		}
		return v, nil
	}, part), nil
}

func (c *compiler) binary(n *ast.BinaryNode) (code, error) {
	if isComparisonChain(n) {
		return code{}, c.syntax(n, "comparisons cannot be chained").WithHint("write a < b and b < c")
	}
	left, err := c.compile(n.Left)
	if err != nil {
		return code{}, err
	}
	right, err := c.compile(n.Right)
	if err != nil {
		return code{}, err
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logical(n, left, right), nil
	case "??":
		return c.folded(func(st *state) (any, error) {
			v, err := left.run(st)
			if err != nil || v != nil {
				return v, err
			}
			return right.run(st)
		}, left, right), nil
	case "matches":
		return c.matches(n, left, right)
	}
	op := operatorOf(n.Operator)
	if op == nil {
		return code{}, c.syntax(n, "unexpected %q", n.Operator)
	}
	return c.folded(func(st *state) (any, error) {
		a, err := left.run(st)
		if err != nil {
			return nil, err
		}
		b, err := right.run(st)
		if err != nil {
			return nil, err
		}
		v, err := op(st, a, b)
		if err != nil {
			return nil, c.at(err, n)
		}
		return v, nil
	}, left, right), nil
}

// isComparisonChain finds a < b < c, which the parser turns into a < b and b < c with one b in two
// places: nested, the work would double at each level.
func isComparisonChain(n *ast.BinaryNode) bool {
	left, ok := n.Left.(*ast.BinaryNode)
	if !ok || n.Operator != "&&" {
		return false
	}
	right, ok := n.Right.(*ast.BinaryNode)
	if !ok {
		return false
	}
	if last, ok := left.Right.(*ast.BinaryNode); ok && left.Operator == "&&" && last.Right == right.Left {
		return true
	}
	return left.Right == right.Left
}

func (c *compiler) logical(n *ast.BinaryNode, left, right code) code {
	first := c.condition(left, n.Left, n.Operator)
	second := c.condition(right, n.Right, n.Operator)
	ends := n.Operator == "or" || n.Operator == "||" // the answer of the first that decides
	return c.folded(func(st *state) (any, error) {
		ok, err := first(st)
		if err != nil || ok == ends {
			return ok, err
		}
		ok, err = second(st)
		return ok, err
	}, left, right)
}

// add sums numbers; when one side is a text, the other is read as text.
func add(st *state, a, b any) (any, error) {
	_, textA := a.(string)
	_, textB := b.(string)
	if !textA && !textB {
		return arithmetic("+", a, b)
	}
	left, err := st.text(a)
	if err != nil {
		return nil, err
	}
	right, err := st.text(b)
	if err != nil {
		return nil, err
	}
	if err := st.grow(len(left) + len(right)); err != nil {
		return nil, err
	}
	return left + right, nil
}

// span is the list from a to b.
func span(st *state, a, b any) (any, error) {
	from, okA := wholeOf(a)
	to, okB := wholeOf(b)
	if !okA || !okB {
		return nil, fault.New(fault.ExprEval, ".. needs whole numbers, found a %s and a %s", typeName(a), typeName(b))
	}
	if to < from {
		return st.list(0)
	}
	if uint(to)-uint(from) >= uint(st.lang.options.MaxList) {
		return nil, limit("list items", st.lang.options.MaxList)
	}
	n := to - from + 1
	list, err := st.list(n)
	if err != nil {
		return nil, err
	}
	const chunk = 1024 // in one piece, a long list would keep the processor for milliseconds
	for len(list) < n {
		more := min(chunk, n-len(list))
		if err := st.grow(8 * more); err != nil {
			return nil, err
		}
		for range more {
			list = append(list, from+len(list))
		}
	}
	return list, nil
}
