package lsp

import (
	"regexp"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// A comment "# lint:ignore CODE reason" silences a rule of lint. Comments belong to no node of a file, so they
// are read from the line.
var ignoreComment = regexp.MustCompile(`(?:^|\s)#\s*lint:ignore\s+([a-z.]*)$`)

var codeBehind = regexp.MustCompile(`^[a-z.]*`)

// codeAt gives what stands of a code in front of an offset, within a comment that silences it, and the rest of it.
func codeAt(t *text, offset int) (before, behind string, ok bool) {
	line := t.s[strings.LastIndexAny(t.s[:offset], "\r\n")+1 : offset]
	m := ignoreComment.FindStringSubmatch(line)
	if m == nil {
		return "", "", false
	}
	return m[1], codeBehind.FindString(t.s[offset:]), true
}

// codes proposes the rules that a comment may silence.
func (c *completer) codes() {
	before, behind, ok := codeAt(c.text, c.offset)
	if !ok {
		return
	}
	word := c.text.span(c.offset-len(before), c.offset+len(behind))
	for _, r := range lint.Rules() {
		c.add(0, word, completionItem{Label: string(r.Code), Kind: kindEnum, Detail: r.Summary, Documentation: docs(r.Why)}, string(r.Code))
	}
}

// hoverCode tells why a rule is there.
func hoverCode(t *text, offset int) (hover, bool) {
	before, behind, ok := codeAt(t, offset)
	if !ok {
		return hover{}, false
	}
	for _, r := range lint.Rules() {
		if r.Code == fault.Code(before+behind) {
			text := "**" + string(r.Code) + "** — " + r.Summary + "\n\n" + r.Why
			return hover{markup{"markdown", text}, t.span(offset-len(before), offset+len(behind))}, true
		}
	}
	return hover{}, false
}
