package expr

import (
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// toXMLString writes a map with one name as an XML text.
func toXMLString(st *state, a args) (any, error) {
	m := a.dict(0)
	if len(m) != 1 {
		return nil, refuse(0, "needs one name, that of the root element")
	}
	w := xmlWriter{writer{st: st}}
	for name, v := range m {
		if _, many := v.([]any); many {
			return nil, refuse(0, "needs one root element, not a list of them")
		}
		if err := w.element(name, v, 0); err != nil {
			return nil, err
		}
	}
	return w.out.String(), nil
}

type xmlWriter struct{ writer }

func (w *xmlWriter) element(name string, v any, depth int) error {
	if depth > value.MaxDepth {
		return limit("depth of an XML document", value.MaxDepth)
	}
	if err := w.st.step(2 + len(name)>>3); err != nil {
		return err
	}
	if !isXMLName(name) {
		return refuse(0, "has a name that no XML element can have")
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if _, many := item.([]any); many {
				return refuse(0, "has a list in a list, which XML cannot show")
			}
			if err := w.element(name, item, depth); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		return w.children(name, v, depth)
	}
	text, err := w.escaped(v)
	if err != nil {
		return err
	}
	if text == "" {
		return w.write("<", name, "/>")
	}
	return w.write("<", name, ">", text, "</", name, ">")
}

func (w *xmlWriter) children(name string, m map[string]any, depth int) error {
	names, err := sortedNames(w.st, m)
	if err != nil {
		return err
	}
	if err := w.write("<", name); err != nil {
		return err
	}
	for _, n := range names {
		attr, ok := strings.CutPrefix(n, "@")
		if !ok {
			continue
		}
		if !isXMLName(attr) {
			return refuse(0, "has a name that no XML attribute can have")
		}
		text, err := w.escaped(m[n])
		if err != nil {
			return err
		}
		if err := w.write(" ", attr, `="`, text, `"`); err != nil {
			return err
		}
	}
	if err := w.write(">"); err != nil {
		return err
	}
	for _, n := range names {
		switch {
		case n[:min(len(n), 1)] == "@":
		case n == "#text":
			text, err := w.escaped(m[n])
			if err != nil {
				return err
			}
			if err := w.write(text); err != nil {
				return err
			}
		default:
			if err := w.element(n, m[n], depth+1); err != nil {
				return err
			}
		}
	}
	return w.write("</", name, ">")
}

// escaped gives the text of a scalar for an element or an attribute.
func (w *xmlWriter) escaped(v any) (string, error) {
	switch v.(type) {
	case []any, map[string]any:
		return "", refuse(0, "has a "+typeName(v)+" where XML needs a text")
	}
	s, err := w.st.text(v)
	if err != nil {
		return "", err
	}
	if err := w.st.grow(6 * len(s)); err != nil {
		return "", err
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}) {
		return "", fault.New(fault.ExprEval, "a text holds a control character, which XML cannot show")
	}
	return xmlEscapes.Replace(s), nil
}

//nolint:gochecknoglobals // never changes
var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;")

// isXMLName takes what is a name everywhere: letters, digits, - _ . and one prefix.
func isXMLName(s string) bool {
	const longest = 256
	if s == "" || len(s) > longest || strings.Count(s, ":") > 1 {
		return false
	}
	for part := range strings.SplitSeq(s, ":") {
		for i, r := range part {
			letter := isLetter(byte(min(r, 0x7f))) || r == '_' || r >= 0xC0 && r != 0xD7 && r != 0xF7 && r < 0x2000
			other := r >= '0' && r <= '9' || r == '-' || r == '.' // not at the beginning
			if !letter && (i == 0 || !other) {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
}
