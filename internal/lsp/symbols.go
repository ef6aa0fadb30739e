package lsp

import (
	"unicode/utf8"

	"github.com/penstock/penstock/internal/lsp/loose"
)

// The kinds of symbols.
const (
	symbolModule    = 2
	symbolNamespace = 3
	symbolFunction  = 12
	symbolVariable  = 13
	symbolEvent     = 24
)

// maxSymbols is how many names and steps of a file are shown.
const maxSymbols = 2000

// symbols gives the steps of a file, with those inside, and its variables.
func (v *vocabulary) symbols(file string, t *text) []symbol {
	root := loose.Parse(t.s)
	out := []symbol{}
	if root == nil || v.form(file) != nil {
		return out
	}
	o, left := v.outline(file, root), maxSymbols
	for _, pair := range root.Pairs {
		if left--; pair.Value == nil || left < 0 {
			continue
		}
		s := symbol{Name: pair.Key.String(), Kind: symbolModule, Range: t.span(pair.Key.Start, pair.Value.End), SelectionRange: t.span(pair.Key.Start, pair.Key.End)}
		switch pair.Key.String() {
		case "pipeline":
			s.Children = v.ofSteps(o.steps, t, &left)
		case "vars", "headers":
			for _, field := range pair.Value.Pairs[:min(len(pair.Value.Pairs), left)] {
				left--
				s.Children = append(s.Children, symbol{
					Name: orDots(field.Key.String()), Kind: symbolVariable, Range: t.span(field.Key.Start, max(field.Key.End, endOf(field.Value))), SelectionRange: t.span(field.Key.Start, field.Key.End),
				})
			}
		}
		if s.Name != "" {
			out = append(out, s)
		}
	}
	return out
}

func endOf(n *loose.Node) int {
	if n == nil {
		return 0
	}
	return n.End
}

// orDots gives a name that is not empty, as editors ask for.
func orDots(name string) string {
	if name == "" {
		return "..."
	}
	return name
}

// ofSteps gives the symbols of steps; left is how many more may be shown.
func (v *vocabulary) ofSteps(list []step, t *text, left *int) []symbol {
	out := []symbol{}
	for i := range list {
		if *left--; *left < 0 {
			break
		}
		st := &list[i]
		s := symbol{
			Name: orDots(st.name), Detail: detail(st), Kind: symbolFunction,
			Range: t.span(st.key.Start, max(st.key.End, endOf(st.value))), SelectionRange: t.span(st.key.Start, st.key.End),
		}
		if st.is("event.listen") || st.is("message.receive") || st.is("job") {
			s.Kind = symbolEvent
		}
		for _, inner := range st.lists {
			children := v.ofSteps(inner.items, t, left)
			if inner.key == nil || len(st.lists) == 1 {
				s.Children = append(s.Children, children...)
				continue
			}
			s.Children = append(s.Children, symbol{
				Name: orDots(inner.name), Kind: symbolNamespace, Children: children,
				Range: t.span(inner.key.Start, endOf(inner.items[len(inner.items)-1].end())), SelectionRange: t.span(inner.key.Start, inner.key.End),
			})
		}
		out = append(out, s)
	}
	return out
}

// end gives the last node of a step.
func (s *step) end() *loose.Node {
	if s.value != nil {
		return s.value
	}
	return s.key
}

// detail says which step it is: its id, or what its short form or first parameter has.
func detail(s *step) string {
	if id := s.param("id").String(); id != "" {
		return cut(id)
	}
	if s.spec == nil || s.value == nil {
		return ""
	}
	if s.spec.Shorthand != "" {
		return cut(s.param(s.spec.Shorthand).String())
	}
	for _, p := range s.spec.Params {
		if text := s.param(p.Name).String(); text != "" {
			return cut(text)
		}
	}
	return ""
}

func cut(text string) string {
	const longest = 60
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest]) + "…"
}

// flat gives symbols for editors that know no tree.
func flat(list []symbol, uri string) (out []flatSymbol) {
	for _, s := range list {
		out = append(out, flatSymbol{s.Name, s.Kind, location{uri, s.SelectionRange}})
		out = append(out, flat(s.Children, uri)...)
	}
	return out
}
