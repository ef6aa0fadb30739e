package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/expr"
)

// expressionsPage describes the language; all but its first two sections comes from the functions themselves.
func expressionsPage(w *bytes.Buffer) error {
	limits := expr.Defaults()
	fmt.Fprintf(w, `# Expressions

A text that is exactly one expression, %[1]s${body.price * 2}%[1]s, keeps the type of its value. In a mixed text a value reads as text, null
as nothing, a list or map as JSON. %[1]s#{...}%[1]s means the same; %[1]s$${%[1]s and %[1]s##{%[1]s stand for a literal %[1]s${%[1]s and %[1]s#{%[1]s. What an expression
gives is never read as an expression again.

Every example on this page is executed by the tests.

## Names and values

The names are %[1]sbody%[1]s, %[1]svars%[1]s, %[1]sheaders%[1]s, %[1]sevent%[1]s, %[1]srequest%[1]s, %[1]sexception%[1]s and %[1]scontext%[1]s. A field that a map does not have is null;
reading below null is an error unless it is written %[1]sa?.b%[1]s, which makes the rest of the chain null.

| | |
|---|---|
| literals | %[1]s'text'%[1]s, %[1]s"text"%[1]s, %[1]s1.5%[1]s, %[1]strue%[1]s, %[1]snull%[1]s, lists %[1]s[1, 2]%[1]s or %[1]s{1, 2}%[1]s, maps %[1]s{a: 1}%[1]s, %[1]s{}%[1]s is an empty list and %[1]s{:}%[1]s an empty map |
| parts | %[1]sa.b%[1]s, %[1]sa['b c']%[1]s, %[1]slist[0]%[1]s, %[1]slist[-1]%[1]s, %[1]slist[1:3]%[1]s, %[1]sa?.b%[1]s |
| operators | %[1]s+ - * / %% **%[1]s, %[1]s== != < <= > >=%[1]s, %[1]sand or not%[1]s, %[1]sin%[1]s, %[1]scontains%[1]s, %[1]sstartsWith%[1]s, %[1]sendsWith%[1]s, %[1]smatches%[1]s (the whole text), %[1]s1..3%[1]s |
| choices | %[1]sc ? a : b%[1]s, %[1]sa ?: b%[1]s, %[1]sa ?? b%[1]s, %[1]sif c {a} else {b}%[1]s |
| names of your own | %[1]slet x = body.price; x * x%[1]s |
| lists | %[1]slist \| filter(.price > 10) \| map(.name)%[1]s, or %[1]slist.?[price > 10].![name]%[1]s |

A text plus anything is a text. Whole numbers that do not fit, and division by zero, are errors. A condition is true, false or null (false).
In predicates %[1]s#%[1]s (or %[1]s#this%[1]s) is the item, %[1]s.name%[1]s its field, %[1]s#index%[1]s its place. Inside %[1]s.?[...]%[1]s and %[1]s.![...]%[1]s a name alone is a
field of the item, except the names above, which mean the same everywhere (%[1]s#root.body%[1]s is %[1]sbody%[1]s; a field of that name is
%[1]s#this.body%[1]s).

## Limits

A source has at most %[2]d bytes, %[3]d levels of nesting and %[4]d parts. One evaluation takes at most %[5]d steps, makes at most %[6]d bytes
and lists of %[7]d items, and ends after %[8]s. What exceeds a limit fails with %[1]sexpr.limit%[1]s.

What asks the server (%[1]s@property%[1]s, %[1]s@user%[1]s, %[1]s@resolve%[1]s, %[1]s@uri%[1]s, %[1]s@content.newContent%[1]s) does so in the name of the identity that the step has. A property needs
the right to run %[1]sproperty.get%[1]s, several %[1]sproperty.list%[1]s, an https URI %[1]shttp.get%[1]s. Each question counts as 1,000 steps, and the answers of one evaluation
may take %[9]s in all. A secret is never given.
`, "`", limits.MaxSource, limits.MaxNesting, limits.MaxNodes, limits.MaxSteps, limits.MaxBytes, limits.MaxList, limits.MaxTime, limits.MaxWait)
	group := ""
	for _, u := range expr.Utils() {
		if u.Group != group {
			group = u.Group
			fmt.Fprintf(w, "\n## %s\n", group)
			if u.Note != "" {
				fmt.Fprintf(w, "\n%s\n", u.Note)
			}
		}
		functionEntry(w, u)
	}
	methods := expr.Methods()
	fmt.Fprintf(w, "\n## Short forms\n\nThese methods call the functions beside them; the value in front of the dot is the first argument.\n\n| method | function |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if "."+name != methods[name] {
			fmt.Fprintf(w, "| `.%s()` | `%s` |\n", name, methods[name])
		}
	}
	return nil
}

func functionEntry(w *bytes.Buffer, u expr.Util) {
	var signatures []string
	for _, f := range u.Forms {
		signatures = append(signatures, "`"+f.Signature+"`")
	}
	fmt.Fprintf(w, "\n**%s** — %s.%s\n\n", strings.Join(signatures, " or "), u.Summary, parameters(u))
	for _, e := range u.Examples {
		if e.Fails != "" {
			fmt.Fprintf(w, "- `%s` fails: %s\n", e.Expr, e.Fails)
			continue
		}
		fmt.Fprintf(w, "- `%s` gives `%s`\n", e.Expr, e.Want)
	}
}

// parameters says of each parameter what its name does not.
func parameters(u expr.Util) string {
	var out []string
	seen := map[string]bool{}
	for _, f := range u.Forms {
		for _, p := range f.Params {
			what := p.Type
			if len(p.Words) > 0 {
				what = "one of " + strings.Join(p.Words, ", ")
			}
			if seen[p.Name] || p.Name == what || what == "any value" {
				continue
			}
			seen[p.Name] = true
			out = append(out, "`"+p.Name+"`: "+what)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, "; ") + ")"
}
