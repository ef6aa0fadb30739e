package expr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
)

func readsOf(reads []expr.Read) []string {
	var out []string
	for _, r := range reads {
		out = append(out, fmt.Sprintf("%s at %d:%d", strings.Join(append([]string{r.Root}, r.Names...), "."), r.Pos.Line, r.Pos.Column))
	}
	slices.Sort(out)
	return out
}

func TestReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"plain ${1 + 1}":                                    nil,
		"${body.a.b}":                                       {"body.a.b at 1:3"},
		"ä\n ${vars.x} ${ vars['y z'].k }":                  {"vars.x at 2:4", "vars.y z.k at 2:15"},
		"${vars[body.key].x}":                               {"body.key at 1:8", "vars at 1:3"},
		"${vars.list[0].x ?? headers.h}":                    {"headers.h at 1:21", "vars.list at 1:3"},
		"${vars.a?.b}":                                      {"vars.a at 1:3"},
		"${body.items.?[price > vars.low].![#root.vars.y]}": {"body.items at 1:3", "vars.low at 1:24", "vars.y at 1:42"},
		"${let v = vars; v.x}":                              {"vars at 1:11"},
		"${'vars.x'}${(vars).x}":                            {"vars.x at 1:15"},
	} {
		tmpl, err := language().Template(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, readsOf(tmpl.Reads())); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"vars.a.b":           "[a b] []",
		"${vars['a b'].c}":   "[a b c] []",
		"vars.l[body.i].x":   "[l] [body.i at 1:8]",
		"vars[headers.name]": "[] [headers.name at 1:6]",
		"body":               "[] []",
	} {
		target, err := language().Target(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(target.Names(), " ", readsOf(target.Reads())); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
