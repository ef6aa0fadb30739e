package expr

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/penstock/penstock/runtime/value"
)

// xmlNode is the root of a document (no parent), an element, an attribute or a text.
type xmlNode struct {
	kind     xmlKind
	name     string // with its prefix: soap:Body
	text     string // of an attribute or text
	parent   *xmlNode
	attrs    []*xmlNode
	children []*xmlNode
	order    int // in the document
}

type xmlKind uint8

const (
	xmlRoot xmlKind = iota
	xmlElement
	xmlAttr
	xmlChars
)

// local is the name without its prefix.
func (n *xmlNode) local() string { return n.name[strings.IndexByte(n.name, ':')+1:] }

// readXML reads the document that is argument 0. The library's decoder knows no entities but the five of
// XML itself and opens nothing; document types are refused besides.
func (st *state) readXML(s string) (*xmlNode, error) {
	tags, values := strings.Count(s, "<"), strings.Count(s, "=")
	if err := st.grow(4*len(s) + 512*tags + 192*values); err != nil { // a bound of what decoding allocates
		return nil, err
	}
	if err := st.step(4*tags + 2*values + len(s)>>2); err != nil { // the decoder reads byte by byte
		return nil, err
	}
	decoder := xml.NewDecoder(strings.NewReader(s))
	root := &xmlNode{kind: xmlRoot}
	at, depth, order := root, 0, 0
	add := func(n xmlNode) *xmlNode {
		order++
		n.order, n.parent = order, at
		return &n
	}
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(0, "is not XML")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > value.MaxDepth {
				return nil, limit("depth of an XML document", value.MaxDepth)
			}
			e := add(xmlNode{kind: xmlElement, name: xmlName(t.Name)})
			at.children = append(at.children, e)
			at = e
			for _, a := range t.Attr {
				e.attrs = append(e.attrs, add(xmlNode{kind: xmlAttr, name: xmlName(a.Name), text: a.Value}))
			}
		case xml.EndElement:
			if at.kind == xmlRoot || at.name != xmlName(t.Name) {
				return nil, refuse(0, "is not XML").with("a closing tag has no opening one")
			}
			at, depth = at.parent, depth-1
		case xml.CharData:
			if at.kind == xmlRoot && strings.TrimSpace(string(t)) != "" {
				return nil, refuse(0, "is not XML").with("there is text outside the root element")
			}
			if at.kind == xmlElement {
				at.children = append(at.children, add(xmlNode{kind: xmlChars, text: string(t)}))
			}
		case xml.Directive:
			return nil, refuse(0, "has a document type, which is not allowed")
		}
	}
	if at.kind != xmlRoot || len(root.children) != 1 {
		return nil, refuse(0, "is not XML").with("it needs one root element that is closed")
	}
	return root, nil
}

func xmlName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// xmlText is all text below n.
func (st *state) xmlText(n *xmlNode) (string, error) {
	if err := st.step(1); err != nil {
		return "", err
	}
	if n.kind == xmlAttr || n.kind == xmlChars {
		return n.text, nil
	}
	var parts []string
	size := 0
	for _, c := range n.children {
		part, err := st.xmlText(c)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
		size += len(part)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	if err := st.grow(size + 32*len(parts)); err != nil {
		return "", err
	}
	return strings.Join(parts, ""), nil
}

// xmlValue is n as expressions see it.
func (st *state) xmlValue(n *xmlNode) (any, error) {
	if n.kind == xmlAttr || n.kind == xmlChars {
		return n.text, st.step(1)
	}
	elements := false
	for _, c := range n.children {
		elements = elements || c.kind == xmlElement
	}
	if n.kind == xmlElement && !elements && len(n.attrs) == 0 {
		return st.xmlText(n)
	}
	out, err := st.object(len(n.attrs) + len(n.children))
	if err != nil {
		return nil, err
	}
	for _, a := range n.attrs {
		out["@"+a.name] = a.text
	}
	chars := writer{st: st}
	for _, c := range n.children {
		if c.kind == xmlChars {
			if err := chars.write(c.text); err != nil {
				return nil, err
			}
			continue
		}
		v, err := st.xmlValue(c)
		if err != nil {
			return nil, err
		}
		if err := st.grow(64); err != nil {
			return nil, err
		}
		addXMLChild(out, c.name, v)
	}
	if s := strings.TrimSpace(chars.out.String()); s != "" {
		out["#text"] = s
	}
	return out, nil
}

// addXMLChild puts repeated elements into a list. No element is a list, so a list is one of ours.
func addXMLChild(out map[string]any, name string, v any) {
	old, has := out[name]
	items, many := old.([]any)
	switch {
	case !has:
		out[name] = v
	case many:
		out[name] = append(items, v)
	default:
		out[name] = []any{old, v}
	}
}
