package expr_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/value"
)

// TestExamples executes every example of the reference.
func TestExamples(t *testing.T) {
	t.Parallel()
	functions, examples := 0, 0
	for _, u := range expr.Utils() {
		functions++
		for _, e := range u.Examples {
			examples++
			got, err := eval(t, e.Expr, sampleCaller())
			switch {
			case (e.Want == "") == (e.Fails == ""):
				t.Errorf("%s: an example either gives a value or fails", e.Expr)
			case e.Fails != "" && err == nil:
				t.Errorf("%s: gave %v, not the error %q", e.Expr, got, e.Fails)
			case e.Fails != "":
				if !strings.Contains(err.Error(), e.Fails) || !strings.HasPrefix(position(err), "1:") {
					t.Errorf("%s:\ngot  %v\nwant %s", e.Expr, err, e.Fails)
				}
			case err != nil:
				t.Errorf("%s: %v", e.Expr, err)
			default:
				text, err := value.AppendJSON(nil, got)
				if err != nil {
					t.Errorf("%s: %v", e.Expr, err)
					continue
				}
				if diff := cmp.Diff(decode(t, e.Want), decode(t, string(text))); diff != "" {
					t.Errorf("%s:\n%s", e.Expr, diff)
				}
			}
		}
	}
	t.Logf("%d functions, %d examples", functions, examples)
}

// TestSpecs holds every description to the same form.
func TestSpecs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, u := range expr.Utils() {
		if seen[u.Name] {
			t.Errorf("%s is listed twice", u.Name)
		}
		seen[u.Name] = true
		if u.Summary == "" || strings.HasSuffix(u.Summary, ".") {
			t.Errorf("%s: the summary is empty or ends with a full stop", u.Name)
		}
		if len(u.Examples) < 2 {
			t.Errorf("%s has %d examples", u.Name, len(u.Examples))
		}
		for i, e := range u.Examples {
			if i == 0 && !strings.Contains(e.Expr, strings.TrimPrefix(u.Name, ".")+"(") {
				t.Errorf("%s does not occur in its first example %s", u.Name, e.Expr)
			}
		}
		counts := map[int]bool{}
		for _, f := range u.Forms {
			names, optional := map[string]bool{}, false
			for i, p := range f.Params {
				if names[p.Name] || optional && !p.Optional || p.Many && i < len(f.Params)-1 || p.Type == "" {
					t.Errorf("%s: the parameter %s is misplaced or described badly", f.Signature, p.Name)
				}
				names[p.Name], optional = true, p.Optional
				if !p.Optional {
					continue
				}
				if counts[i] {
					t.Errorf("%s: two forms take %d arguments", u.Name, i)
				}
				counts[i] = true
			}
			if counts[len(f.Params)] {
				t.Errorf("%s: two forms take %d arguments", u.Name, len(f.Params))
			}
			counts[len(f.Params)] = true
		}
	}
	for _, util := range []string{
		"calc", "content", "convert", "data", "date", "hash", "instance", "json", "list", "path", "property", "resolve", "text", "uri", "user", "xml",
	} {
		if !strings.Contains(strings.Join(keysOf(seen), " "), "@"+util+".") {
			t.Errorf("there is no @%s", util)
		}
	}
	for method, name := range expr.Methods() {
		if !seen[name] || method == "" {
			t.Errorf("the method %s calls %s, which is not described", method, name)
		}
	}
}

func keysOf(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}
