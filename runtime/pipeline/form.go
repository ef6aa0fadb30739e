package pipeline

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// Form is how the text of a pipeline is written.
type Form string

// The forms. A pipeline in pairs is name=param:value;param:value for each command, joined by & and url-encoded; one as
// a URI is name?param=value&param=value for each command, joined by |. In both a value that is JSON is read as such,
// any other one is a text; a command may have its value alone where it has a short form.
const (
	FormYAML  Form = "yaml"
	FormJSON  Form = "json"
	FormPairs Form = "pairs"
	FormURI   Form = "uri"
)

// LoadForm is Load for a text in any of the forms, under a name that is also shown in positions.
func LoadForm(form Form, name string, src []byte, deps Deps) (*Plan, error) {
	doc, parseErr := parseForm(form, name, name, src)
	return compileParsed(doc, parseErr, deps)
}

// ToYAML writes a text of another form as YAML, with its keys in their order. The error is a fault.List with the faults
// of form; the meaning is not looked at.
func ToYAML(form Form, name string, src []byte) ([]byte, error) {
	f := &faults{file: name}
	root := form.reader()(f, src)
	if err := f.err(); err != nil {
		return nil, err
	}
	y, err := root.yaml()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "writing the pipeline")
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(y); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "writing the pipeline")
	}
	return out.Bytes(), nil
}

func (form Form) reader() func(*faults, []byte) *node {
	switch form {
	case FormJSON:
		return readJSON
	case FormPairs:
		return readPairs
	case FormURI:
		return readURI
	default:
		return readYAML
	}
}

// formOf tells how the text of a file is written.
func formOf(file string) Form {
	if strings.HasSuffix(file, SuffixJSON) {
		return FormJSON
	}
	return FormYAML
}

// yaml gives the node in the library's form.
func (n *node) yaml() (*yaml.Node, error) {
	out := &yaml.Node{}
	switch n.kind {
	case mapNode:
		out.Kind = yaml.MappingNode
		for i, k := range n.keys {
			item, err := n.items[i].yaml()
			if err != nil {
				return nil, err
			}
			out.Content = append(out.Content, textNode(k.name), item)
		}
	case listNode:
		out.Kind = yaml.SequenceNode
		for _, one := range n.items {
			item, err := one.yaml()
			if err != nil {
				return nil, err
			}
			out.Content = append(out.Content, item)
		}
	default:
		if text, isText := n.text(); isText {
			return textNode(text), nil
		}
		if number, isNumber := n.value.(json.Number); isNumber {
			out.Kind, out.Tag, out.Value = yaml.ScalarNode, "!!int", number.String()
			return out, nil
		}
		return out, out.Encode(n.value)
	}
	return out, nil
}

// textNode gives a text in a style that reads as the same text again: a block only of plain lines.
func textNode(text string) *yaml.Node {
	out := &yaml.Node{}
	out.SetString(text)
	strange := strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
	if strange || strings.Contains(text, "\n") && (text[0] == ' ' || text[0] == '\n' || strings.HasSuffix(text, "\n\n") || strings.Contains(text, " \n")) {
		out.Style = yaml.DoubleQuotedStyle
	}
	return out
}

// readPairs reads name=param:value;param:value&name.
func readPairs(f *faults, src []byte) *node {
	return readCommands(f, src, '&', '=', func(text string, col int) (*node, *node) {
		if text, ok := unescape(f, text, col); ok {
			return pairs(f, text, col)
		}
		return nil, nil
	})
}

// readURI reads name?param=value&param=value|name.
func readURI(f *faults, src []byte) *node {
	return readCommands(f, src, '|', '?', func(text string, col int) (*node, *node) {
		params := &node{kind: mapNode, line: 1, col: col}
		for pair := range strings.SplitSeq(text, "&") {
			rawName, rawValue, hasValue := strings.Cut(pair, "=")
			name, ok := unescape(f, rawName, col)
			v, ok2 := unescape(f, rawValue, col)
			if !ok || !ok2 {
				return nil, nil
			}
			if !hasValue && len(params.keys) == 0 && !strings.Contains(text, "&") {
				return nil, plain(name, col)
			}
			params.put(f, name, plain(v, col), col)
		}
		return params, nil
	})
}

func unescape(f *faults, text string, col int) (string, bool) {
	out, err := url.QueryUnescape(text)
	if err != nil || !utf8.ValidString(out) {
		f.add(fault.PipelineSyntax, 1, col, "the text is not url-encoded UTF-8")
		return "", false
	}
	return out, true
}

// readCommands splits a text into commands and has read make a map or a single value of what is behind a name.
func readCommands(f *faults, src []byte, between, behind byte, read func(text string, col int) (params, short *node)) *node {
	if readLines(f, src) == nil {
		return nil
	}
	list := &node{kind: listNode, line: 1, col: 1}
	rest, col := string(bytes.TrimSpace(src)), 1
	for more := true; more && !f.full(); {
		var one string
		one, rest, more = strings.Cut(rest, string(between))
		rawName, text, hasMore := strings.Cut(one, string(behind))
		name, ok := unescape(f, strings.TrimSpace(rawName), col)
		switch {
		case !ok:
		case name == "":
			f.add(fault.PipelineSyntax, 1, col, "the name of a command is missing")
		default:
			command := &node{line: 1, col: col, value: name}
			if hasMore && strings.TrimSpace(text) != "" {
				item, short := read(text, col+len(rawName)+1)
				if item == nil {
					item = short.orNull()
				}
				command = &node{kind: mapNode, line: 1, col: col, keys: []key{{name: name, line: 1, col: col}}, items: []*node{item}}
			}
			list.items = append(list.items, command)
		}
		col += len(one) + 1
	}
	root := &node{kind: mapNode, line: 1, col: 1}
	root.keys, root.items = []key{{name: "pipeline", line: 1, col: 1}}, []*node{list}
	return root
}

// put adds a parameter.
func (n *node) put(f *faults, name string, item *node, col int) {
	if _, _, twice := n.get(name); twice {
		f.add(fault.PipelineSyntax, 1, col, "the parameter %q is given twice", short(name))
		return
	}
	n.keys, n.items = append(n.keys, key{name: name, line: 1, col: col}), append(n.items, item)
}

// plain reads a value: JSON, or else a text.
func plain(text string, col int) *node {
	if f := (&faults{}); json.Valid([]byte(text)) {
		if n := readJSON(f, []byte(text)); n != nil && len(f.list) == 0 {
			n.moveTo(col)
			return n
		}
	}
	return &node{line: 1, col: col, value: text}
}

// moveTo gives a value the place of the command that it belongs to.
func (n *node) moveTo(col int) {
	n.line, n.col, n.textLine, n.textCol = 1, col, 0, 0
	for i := range n.keys {
		n.keys[i].line, n.keys[i].col = 1, col
	}
	for _, item := range n.items {
		item.moveTo(col)
	}
}

var paramForm = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9_.-]*)\s*:`)

// pairs reads param:value;param:value, or a value alone.
func pairs(f *faults, text string, col int) (params, short *node) {
	if !paramForm.MatchString(text) {
		v, rest := cutValue(text)
		if rest != "" {
			f.add(fault.PipelineSyntax, 1, col, "a parameter is written name:value")
		}
		return nil, plain(v, col)
	}
	params = &node{kind: mapNode, line: 1, col: col}
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := paramForm.FindStringSubmatch(rest)
		if m == nil {
			f.add(fault.PipelineSyntax, 1, col, "a parameter is written name:value")
			return nil, nil
		}
		var v string
		v, rest = cutValue(rest[len(m[0]):])
		params.put(f, m[1], plain(v, col), col)
	}
	return params, nil
}

// cutValue takes the value up to the next semicolon that is not inside JSON or an expression.
func cutValue(text string) (v, rest string) {
	text = strings.TrimLeft(text, " ")
	end := 0
	if text != "" && strings.IndexByte(`"{[`, text[0]) >= 0 {
		d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true))
		if d.SkipValue() == nil {
			end = int(d.InputOffset())
		}
	}
	depth, quote := 0, byte(0)
	for ; end < len(text); end++ {
		switch c := text[end]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case depth > 0 && (c == '"' || c == '\''):
			quote = c
		case c == '{' && end > 0 && (depth > 0 || text[end-1] == '$' || text[end-1] == '#'):
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == ';' && depth == 0:
			return strings.TrimRight(text[:end], " "), text[end+1:]
		}
	}
	return strings.TrimRight(text, " "), ""
}
