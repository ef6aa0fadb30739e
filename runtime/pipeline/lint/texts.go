package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

func textRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.text.expression", Severity: Warning,
			Summary: "a text looks like an expression and is none",
			Why:     "Without ${...} it is taken as it stands: the text body.name, and not the name in the body.",
			Bad:     Example{Text: "pipeline:\n  - set: body.customer.name\n"},
			Good:    Example{Text: "pipeline:\n  - set: ${body.customer.name}\n"},
			file:    forgottenDelimiters,
		},
		{
			Code: "lint.text.braces", Severity: Warning,
			Summary: "a text has an expression in the delimiters of another language",
			Why:     "Expressions are written ${...} or #{...}; {{...}}, $(...) and <%...%> are plain text.",
			Bad:     Example{Text: "pipeline:\n  - set: Hello {{ body.name }}\n"},
			Good:    Example{Text: "pipeline:\n  - set: Hello ${body.name}\n"},
			file:    foreignDelimiters,
		},
	}
}

var (
	chain   = regexp.MustCompile(`^(?:(?:body|vars|exception)(?:\??\.[A-Za-z_]\w*|\[\d+\])+|@[a-z]+\.[A-Za-z]\w*\(.*\))$`)
	foreign = regexp.MustCompile(`(\{\{-?|\$\(|<%=?)\s*((?:(?:body|vars|headers|event|request|exception|context)\b\??[.\[]|@[a-z]+\.)[^{}%]*?)\s*(-?\}\}|\)|%>)`)
)

// texts calls found for every text that is taken as it stands.
func (f *file) texts(found func(v value, text string)) {
	for _, v := range f.values {
		text, ok := v.Text()
		if !ok || !f.plain(v.Value, text) || text == "" || f.fixed(v) {
			continue
		}
		found(v, text)
	}
}

// fixed reports whether a text stands where none could be an expression.
func (f *file) fixed(v value) bool {
	if v.step == nil {
		return v.param != "vars" && v.param != "body" // headers
	}
	if v.step.number < 0 || v.step.Spec == nil {
		return true
	}
	switch v.param {
	case "id", "onError", "retry", "timeout", "output":
		return true
	case "dedupe", "do", "where", "select", "rules", "exclude", "expr": // take an expression without its delimiters
		return true
	}
	own, known := v.step.Spec.Param(v.param)
	return known && own.Literal || v.step.Name == "var.set" && own != nil && own.Name == "key"
}

func forgottenDelimiters(f *file, r reporter) {
	f.texts(func(v value, text string) {
		if !chain.MatchString(text) {
			return
		}
		end := scalarEnd(f.lines, v.Pos, text)
		found := r.at(f, v.Pos, end, "this is the text %s, not what the expression gives", quote(cut(text))).hint("write ${%s}", cut(text))
		if from, to, ok := f.inner(v.Value, text); ok && f.Outline.Prefix == "" {
			found.fix("write it in ${...}", Edit{Pos: from, End: from, Text: "${"}, Edit{Pos: to, End: to, Text: "}"})
		}
	})
}

// inner gives where a text stands in its line, without quotes; false when it is not there as it is.
func (f *file) inner(v *pipeline.Value, text string) (from, to fault.Position, ok bool) {
	from = v.Pos
	if from.Line < 1 || from.Line > len(f.lines) || from.Column < 1 {
		return from, from, false
	}
	line := []rune(f.lines[from.Line-1])
	if from.Column > len(line) {
		return from, from, false
	}
	if c := line[from.Column-1]; c == '"' || c == '\'' {
		from.Column++
	}
	if from.Column > len(line) || !strings.HasPrefix(string(line[from.Column-1:]), text) {
		return from, from, false
	}
	to = from
	to.Column += utf8.RuneCountInString(text)
	return from, to, true
}

// closes reports whether the end of an expression belongs to its beginning.
func closes(begin, end string) bool {
	switch begin[:2] {
	case "{{":
		return strings.TrimPrefix(end, "-") == "}}"
	case "$(":
		return end == ")"
	}
	return end == "%>"
}

func foreignDelimiters(f *file, r reporter) {
	if f.Outline.Prefix != "" { // texts are templates of another language on purpose
		return
	}
	f.texts(func(v value, text string) {
		m := foreign.FindStringSubmatchIndex(text)
		if m == nil || !closes(text[m[2]:m[3]], text[m[6]:m[7]]) {
			return
		}
		inside := text[m[4]:m[5]]
		pos, end := v.Pos, extent(f.lines, v.Pos)
		from, _, ok := f.inner(v.Value, text)
		if ok && !strings.Contains(text[:m[1]], "\n") {
			pos, end = from, from
			pos.Column += utf8.RuneCountInString(text[:m[0]])
			end.Column += utf8.RuneCountInString(text[:m[1]])
		}
		found := r.at(f, pos, end, "%s is plain text here", quote(cut(text[m[0]:m[1]]))).hint("write ${%s}", cut(inside))
		if ok && pos != v.Pos || ok && m[0] == 0 {
			found.fix("write ${...}", Edit{Pos: pos, End: end, Text: "${" + inside + "}"})
		}
	})
}

// cut shortens a text for a message.
func cut(text string) string {
	const longest = 40
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest]) + "..."
}
