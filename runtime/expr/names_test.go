package expr_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// TestNamesOfOneExpression: names beside the usual ones are read as they are, also inside of predicates and let.
func TestNamesOfOneExpression(t *testing.T) {
	t.Parallel()
	l := expr.New(expr.Options{})
	env := expr.Env{"item": map[string]any{"price": 3, "tags": []any{"a", "b"}}, "index": 2, "body": 10}
	for src, want := range map[string]any{
		`item.price * body + index`:                 32,
		`index`:                                     2,
		`item?.none?.deep`:                          nil,
		`map([1, 2], # * item.price)`:               []any{3, 6},
		`item.tags.?[# != 'a']`:                     []any{"b"},
		`let x = item.price; let y = index; x + y`:  5,
		`item.tags.![{tag: #, of: index}][1]['of']`: 2,
		`7`: 7,
	} {
		p, err := l.CompileWith(src, "item", "index")
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		for range 2 {
			got, err := p.Eval(t.Context(), env)
			if err != nil {
				t.Errorf("%s: %v", src, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", src, diff)
			}
		}
	}
	for src, want := range map[string]string{`itm`: `did you mean "item"?`, `let item = 1; item`: `the name "item" is taken`} {
		if _, err := l.CompileWith(src, "item"); fault.CodeOf(err) != fault.ExprSyntax || !strings.Contains(err.Error()+fault.HintOf(err), want) {
			t.Errorf("%s: %v", src, err)
		}
	}
	if _, err := l.Compile(`item`); err == nil {
		t.Error("item is a name everywhere")
	}
}
