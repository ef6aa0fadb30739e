package expr

import (
	"regexp"
	"regexp/syntax"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// The limits of regular expressions, and how many units of matching are one step.
const (
	maxPattern      = 1 << 10 // bytes
	maxPatternParts = 5_000   // after {n,m} is written out
	maxMatched      = 1 << 20 // bytes of the text that is searched
	matchesPerStep  = 16
)

// regex is a pattern with its cost: Go's engine takes time in proportion to text and parts, no more.
type regex struct {
	re    *regexp.Regexp
	parts int
}

func compileRegex(pattern string, whole bool) (*regex, error) {
	if len(pattern) > maxPattern {
		return nil, limit("bytes of a pattern", maxPattern)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fault.New(fault.ExprEval, "the pattern is not a regular expression")
	}
	parts := weight(tree)
	if parts > maxPatternParts {
		return nil, limit("parts of a pattern", maxPatternParts)
	}
	if whole {
		pattern = `\A(?:` + pattern + `)\z`
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fault.New(fault.ExprEval, "the pattern is not a regular expression")
	}
	return &regex{re: re, parts: parts}, nil
}

// weight estimates the size of the compiled pattern without writing repetitions out.
func weight(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	if re.Op == syntax.OpCharClass {
		n = 1 + len(re.Rune)/32
	}
	for _, sub := range re.Sub {
		n = min(n+weight(sub), 1<<30)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(re.Min, re.Max, 1), 1<<30)
	}
	return n
}

// charge takes the cost of matching s.
func (r *regex) charge(st *state, s string) error {
	if len(s) > maxMatched {
		return limit("bytes of a matched text", maxMatched)
	}
	return st.step(1 + len(s)*r.parts/matchesPerStep)
}

// dynamicRegex compiles a pattern that is only known now; the last one is kept.
func (st *state) dynamicRegex(pattern string, whole bool) (*regex, error) {
	mark := "s" + pattern
	if whole {
		mark = "w" + pattern
	}
	if st.regex != nil && st.pattern == mark {
		return st.regex, nil
	}
	re, err := compileRegex(pattern, whole)
	if err != nil {
		return nil, err
	}
	if err := st.grow(8<<10 + 512*re.parts); err != nil {
		return nil, err
	}
	st.pattern, st.regex = mark, re
	return re, nil
}

// matches compiles `a matches b`: the whole text has to match.
func (c *compiler) matches(n *ast.BinaryNode, left, right code) (code, error) {
	var fixed *regex
	if pattern, ok := right.value.(string); ok && right.constant {
		var err error
		if fixed, err = compileRegex(pattern, true); err != nil {
			if fault.CodeOf(err) == fault.ExprEval {
				return code{}, c.syntax(n.Right, "the pattern is not a regular expression")
			}
			return code{}, c.at(err, n.Right)
		}
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
		ok, err := matchWhole(st, a, b, fixed)
		if err != nil {
			return nil, c.at(err, n)
		}
		return ok, nil
	}, left, right), nil
}

func matchWhole(st *state, a, b any, re *regex) (bool, error) {
	if a == nil {
		return false, nil
	}
	text, err := st.text(a)
	if err != nil {
		return false, err
	}
	if re == nil {
		pattern, ok := b.(string)
		if !ok {
			return false, fault.New(fault.ExprEval, "a pattern is a text, found a %s", typeName(b))
		}
		if re, err = st.dynamicRegex(pattern, true); err != nil {
			return false, err
		}
	}
	if err := re.charge(st, text); err != nil {
		return false, err
	}
	return re.re.MatchString(text), nil
}
