package lsp

import (
	"fmt"
	"strings"

	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/expr"
)

// expression proposes what an expression may go on with.
func (c *completer) expression(src string) {
	if inText(src) {
		return
	}
	at, ok := chainOf(src)
	if !ok {
		return
	}
	end := c.offset + len(nameBehind.FindString(c.text.s[c.offset:]))
	from := c.offset - len(at.last)
	word := c.text.span(from, end)
	called := end < len(c.text.s) && c.text.s[end] == '('
	switch {
	case at.method:
		c.methods(word, called)
	case len(at.names) == 0:
		c.roots(word, called)
	case strings.HasPrefix(at.names[0], "@"):
		if len(at.names) == 1 {
			c.functions(at.names[0], word, called)
		}
	case len(at.names) == 1 && at.names[0] == "vars":
		for _, name := range c.variables() {
			c.add(0, word, completionItem{Label: name, Kind: kindVariable}, name)
		}
		c.methods(word, called)
	case len(at.names) == 1 && at.names[0] == "headers":
		for _, name := range names(orEmpty(c.facts.root.Get("headers")), -1) {
			c.add(0, word, completionItem{Label: name, Kind: kindField}, name)
		}
	default:
		if len(at.names) == 1 {
			for _, name := range fields(at.names[0]) {
				c.add(0, word, completionItem{Label: name, Kind: kindField}, name)
			}
		}
		c.methods(word, called)
	}
}

func orEmpty(n *loose.Node) *loose.Node {
	if n == nil {
		return &loose.Node{}
	}
	return n
}

// roots proposes what an expression begins with: names, functions and groups of functions.
func (c *completer) roots(word span, called bool) {
	for name, text := range roots() {
		c.add(0, word, completionItem{Label: name, Kind: kindVariable, Documentation: docs(text)}, name)
	}
	groups := map[string]bool{}
	for i := range c.words.utils {
		u := &c.words.utils[i]
		switch {
		case strings.HasPrefix(u.Group, "@"):
			if !groups[u.Group] {
				groups[u.Group] = true
				c.add(1, word, completionItem{Label: u.Group + ".", Kind: kindModule, Documentation: docs(u.Note)}, u.Group+".")
			}
		case !strings.HasPrefix(u.Name, "."):
			c.function(u, u.Name, 2, word, called)
		}
	}
}

// functions proposes those of a group.
func (c *completer) functions(group string, word span, called bool) {
	for i := range c.words.utils {
		if u := &c.words.utils[i]; u.Group == group {
			c.function(u, strings.TrimPrefix(u.Name, group+"."), 0, word, called)
		}
	}
}

// function proposes one call.
func (c *completer) function(u *expr.Util, name string, rank int, word span, called bool) {
	signature := u.Forms[0].Signature
	item := completionItem{
		Label: name + signature[strings.IndexByte(signature, '('):], Kind: kindFunction, Detail: u.Summary, FilterText: name, Documentation: docs(functionText(u)),
	}
	insert := name
	switch {
	case called:
	case c.snippet:
		item.InsertTextFormat = 2
		var args []string
		for i, p := range u.Forms[0].Params {
			if !p.Optional {
				args = append(args, fmt.Sprintf("${%d:%s}", i+1, escape(p.Name)))
			}
		}
		insert += "(" + strings.Join(args, ", ") + ")"
	default:
		insert += "("
	}
	c.add(rank, word, item, insert)
}

// methods proposes what can be called on any value.
func (c *completer) methods(word span, called bool) {
	for name, target := range c.words.methods {
		item := completionItem{Label: name + "()", FilterText: name, Kind: kindMethod}
		if u := c.words.util(target); u != nil {
			item.Detail, item.Documentation = u.Summary, docs(functionText(u))
		}
		insert := name
		if !called {
			insert += "("
		}
		c.add(3, word, item, insert)
	}
}

// functionText describes a function for people.
func functionText(u *expr.Util) string {
	var b strings.Builder
	for _, f := range u.Forms {
		b.WriteString("`" + f.Signature + "`\n\n")
	}
	b.WriteString("Gives " + u.Summary + ".\n")
	for _, e := range u.Examples {
		if e.Fails != "" {
			b.WriteString("\n- `" + e.Expr + "` fails: " + e.Fails)
			continue
		}
		b.WriteString("\n- `" + e.Expr + "` gives `" + e.Want + "`")
	}
	return b.String()
}
