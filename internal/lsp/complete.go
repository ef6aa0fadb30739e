package lsp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline/schema"
	"github.com/penstock/penstock/runtime/trigger"
)

// marker stands at the cursor while a file is read, so that there is always something at that place.
const marker = "\x00"

// completer proposes what can stand at one place of a file.
type completer struct {
	words   *vocabulary
	around  surroundings
	prefix  string // of the keys of messages
	snippet bool   // the editor takes snippets

	text   *text
	offset int
	place  place
	facts  *outline
	items  []completionItem
}

// surroundings are what the other files of the workspace give.
type surroundings interface {
	pipelines() []string // names of the same folder
	events() []string    // keys
}

// complete gives proposals for a place, in their order.
func (c *completer) complete(file string) []completionItem {
	marked := c.text.s[:c.offset] + marker + c.text.s[c.offset:]
	root := loose.Parse(marked)
	found, ok := c.words.locate(file, root, c.offset)
	if !ok {
		c.codes()
		return c.done()
	}
	c.place, c.facts = found, c.words.outline(file, root)
	if src, inside := expression(found.before(), found.at, c.facts.prefix, found.bare); inside && c.words.takesExpressions(file) {
		c.expression(src)
		return c.done()
	}
	if found.kind != aValue && strings.ContainsAny(found.before(), " :") {
		return nil // behind a name
	}
	switch found.kind {
	case aSection:
		c.sections()
	case aCommand:
		c.commands()
	case aName:
		c.parameters()
	case aValue:
		c.values()
	}
	return c.done()
}

func (c *completer) done() []completionItem {
	slices.SortStableFunc(c.items, func(a, b completionItem) int { return cmp.Compare(a.SortText, b.SortText) })
	return c.items
}

// word gives the extent of what is being typed: the scalar, from its text's beginning.
func (c *completer) word() span {
	n := c.place.scalar
	end := n.Inner + len(n.Text) - len(marker)
	return c.text.span(n.Inner, max(end, c.offset))
}

// add proposes one text in place of the word. Equal ranks are in the order of their labels.
func (c *completer) add(rank int, at span, item completionItem, insert string) {
	item.SortText = fmt.Sprintf("%d%s", rank, item.Label)
	item.TextEdit = textEdit{Range: at, NewText: insert}
	c.items = append(c.items, item)
}

func docs(text string) *markup { return &markup{Kind: "markdown", Value: text} }

func (c *completer) sections() {
	for i, s := range sections() {
		if slices.Contains(c.place.given, s.name) {
			continue
		}
		insert := s.name + ":"
		if c.nameOnly() {
			insert = s.name
		}
		c.add(i, c.word(), completionItem{Label: s.name, Kind: kindModule, Documentation: docs(s.text)}, insert)
	}
}

type section struct{ name, text string }

func sections() []section {
	return []section{
		{"pipeline", "The commands, one after the other."},
		{"vars", "Variables: names and values, which may hold expressions."},
		{"headers", "Configuration of the runs."},
		{"body", "The first body, where no event brings one."},
	}
}

func (c *completer) commands() {
	known := c.words.names
	if c.place.first {
		known = slices.Concat(c.words.triggers, known)
	}
	for _, name := range known {
		spec := c.words.commands[name]
		item := completionItem{Label: name, Kind: kindFunction, Detail: spec.Summary, Documentation: docs(schema.CommandText(spec))}
		rank := 1
		if c.words.language[name] {
			item.Kind = kindKeyword
		}
		if slices.Contains(c.words.triggers, name) {
			item.Kind, rank = kindEvent, 0
		}
		insert := name
		if !c.nameOnly() {
			insert = c.call(spec, &item)
		}
		c.add(rank, c.word(), item, insert)
	}
}

// call gives what a command is written with: its required parameters, or the sign behind which its value goes.
func (c *completer) call(spec *command.Spec, item *completionItem) string {
	var required []string
	for _, p := range spec.Params {
		if p.Required && p.Default == nil && p.Name != spec.Shorthand {
			required = append(required, p.Name)
		}
	}
	switch {
	case spec.Shorthand != "" && len(required) == 0:
		if c.snippet {
			item.InsertTextFormat = 2
			return spec.Name + ": ${1:" + escape(spec.Shorthand) + "}"
		}
		return spec.Name + ": "
	case len(spec.Params) == 0:
		return spec.Name
	case !c.snippet || c.flow():
		return spec.Name + ":"
	}
	for _, p := range spec.Params {
		if p.Name == spec.Shorthand && p.Required {
			required = append([]string{p.Name}, required...)
		}
	}
	if len(required) == 0 {
		required = []string{spec.Params[0].Name}
	}
	item.InsertTextFormat = 2
	var b strings.Builder
	b.WriteString(spec.Name + ":")
	for i, name := range required {
		fmt.Fprintf(&b, "\n    %s: $%d", name, i+1)
	}
	return b.String()
}

// nameOnly reports whether a name stands for itself: it has its colon, or quotes as in JSON.
func (c *completer) nameOnly() bool { return c.place.colon || c.place.scalar.Quote != 0 }

// flow reports whether the place lies within brackets, where nothing goes to a line of its own.
func (c *completer) flow() bool {
	return slices.ContainsFunc(c.place.way, func(s loose.Step) bool { return s.Node.Flow })
}

// escape writes a text as it stands in a snippet.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, "$", `\$`, "}", `\}`).Replace(text)
}

func (c *completer) parameters() {
	var common []string
	for _, p := range c.words.common {
		common = append(common, p.Name)
	}
	for i := range c.place.params {
		p := &c.place.params[i]
		if slices.ContainsFunc(append([]string{p.Name}, p.Aliases...), func(name string) bool { return slices.Contains(c.place.given, name) }) || p.Deprecated != "" {
			continue
		}
		rank := 1
		switch {
		case p.Required:
			rank = 0
		case slices.Contains(common, p.Name):
			rank = 2
		}
		insert := p.Name
		if !c.nameOnly() {
			insert += ": "
		}
		detail := string(p.Type)
		if p.Required {
			detail += ", required"
		}
		c.add(rank, c.word(), completionItem{Label: p.Name, Kind: kindProperty, Detail: detail, Documentation: docs(schema.ParamText(p))}, insert)
	}
}

func (c *completer) values() {
	p := c.place.param
	if p == nil {
		return
	}
	spec := ""
	if c.place.spec != nil {
		spec = c.place.spec.Name
	}
	some := func(kind int, names []string) {
		for _, name := range names {
			c.add(1, c.word(), completionItem{Label: name, Kind: kind}, c.written(name))
		}
	}
	switch spec + " " + p.Name {
	case "pipeline.run path":
		some(kindFile, c.around.pipelines())
		return
	case "call uri":
		for _, name := range c.around.pipelines() {
			some(kindFile, []string{"$uri:pipeline:" + name})
		}
		for _, name := range c.words.names {
			if !c.words.language[name] {
				some(kindFunction, []string{"$uri:command:" + name})
			}
		}
		return
	case "macro.run name":
		some(kindFunction, slices.Sorted(maps.Keys(c.facts.macros)))
		return
	case "event.listen eventKey", "event.send key":
		some(kindEvent, c.keys(""))
		return
	case "job schedule":
		some(kindEnum, trigger.Intervals())
		return
	case "message.receive key":
		some(kindEvent, c.keys(c.prefix))
		return
	}
	switch {
	case p.Name == "pipeline" && strings.HasPrefix(p.Summary, "With ROLLBACK"):
		some(kindFile, c.around.pipelines())
	case p.Name == "output":
		some(kindVariable, []string{"body"})
		for _, name := range c.variables() {
			some(kindVariable, []string{"vars." + name})
		}
	default:
		some(kindEnum, words(p))
		some(kindValue, c.place.words)
	}
}

// written gives a text as it stands in the file: in quotes where YAML asks for them.
func (c *completer) written(text string) string {
	if c.place.scalar.Quote == 0 && strings.IndexByte("!&*%@`#?|>-'\"{}[],~=", text[0]) >= 0 {
		return `"` + text + `"`
	}
	return text
}

// keys gives the event keys that are known, but for the one that is being typed.
func (c *completer) keys(prefix string) []string {
	var out []string
	for _, key := range append(c.around.events(), c.facts.events...) {
		if !strings.Contains(key, marker) {
			out = append(out, prefix+key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// variables gives the names that the file sets, but for one that is being typed.
func (c *completer) variables() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.facts.vars)), func(name string) bool { return strings.Contains(name, marker) })
}
