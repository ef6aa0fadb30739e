package loose

import "strings"

// maxDepth is how deep collections are read; what lies deeper is left out.
const maxDepth = 60

// Parse reads a text. The node is nil when it is empty.
func Parse(text string) *Node {
	p := &parser{text: text, end: -1}
	p.next(0)
	if p.at >= len(text) {
		return nil
	}
	return p.block(p.column(), 0)
}

// parser stands at the content of a line, or at the end of the text.
type parser struct {
	text string
	at   int // offset of the content
	line int // number of its line
	from int // offset where its line begins

	known, end int // the line that holds the offset known ends at end; asked often in long lines
}

func (p *parser) column() int { return p.at - p.from }

// lineEnd gives the offset behind the last byte of the line that holds offset, without the line break.
func (p *parser) lineEnd(offset int) int {
	if offset >= p.known && offset <= p.end {
		return p.end
	}
	p.known, p.end = offset, len(p.text)
	if i := strings.IndexAny(p.text[offset:], "\r\n"); i >= 0 {
		p.end = offset + i
	}
	return p.end
}

// next goes to the first line at or behind offset that holds something: offset is the beginning of a line, or
// within one whose rest is not wanted.
func (p *parser) next(offset int) {
	if offset > p.from || p.at > p.from {
		offset = p.skipLine(offset)
	}
	for offset < len(p.text) {
		p.from = offset
		for offset < len(p.text) && p.text[offset] == ' ' {
			offset++
		}
		p.at = offset
		switch rest := p.text[offset:]; {
		case rest == "", rest[0] == '\n', rest[0] == '\r', rest[0] == '#':
		case rest[0] == '\t' && strings.Trim(p.text[offset:p.lineEnd(offset)], " \t") == "":
		case strings.HasPrefix(rest, "---") && p.column() == 0:
		default:
			return
		}
		offset = p.skipLine(offset)
	}
	p.at, p.from = len(p.text), len(p.text)
}

// skipLine gives the beginning of the line behind the one that holds offset, and counts it.
func (p *parser) skipLine(offset int) int {
	for p.from < len(p.text) {
		end := p.lineEnd(p.from)
		if strings.HasPrefix(p.text[end:], "\r\n") {
			end++
		}
		if end < len(p.text) {
			end++
		}
		if end > p.from {
			p.line++
		}
		p.from, p.at = end, end
		if end > offset || end == len(p.text) {
			return end
		}
	}
	return p.from
}

// node begins a node at the present place.
func (p *parser) node(kind Kind) *Node {
	return &Node{Kind: kind, Start: p.at, End: p.at, Line: p.line, Column: p.column()}
}

// block reads what begins here in the given column and goes to the line behind it.
func (p *parser) block(column, depth int) *Node {
	switch {
	case depth > maxDepth:
		p.next(p.lineEnd(p.at))
		p.skipDeeper(column)
		return nil
	case p.isDash():
		return p.list(column, depth)
	}
	if _, _, ok := p.key(); ok {
		return p.mapping(column, depth)
	}
	n := p.inline(column-1, depth)
	p.next(n.End)
	return n
}

// skipDeeper leaves lines out that are indented further than column.
func (p *parser) skipDeeper(column int) {
	for p.at < len(p.text) && p.column() > column {
		p.next(p.lineEnd(p.at))
	}
}

func (p *parser) isDash() bool {
	if p.at >= len(p.text) || p.text[p.at] != '-' {
		return false
	}
	return p.at+1 == len(p.text) || strings.IndexByte(" \r\n", p.text[p.at+1]) >= 0
}

func (p *parser) list(column, depth int) *Node {
	n := p.node(List)
	for p.at < len(p.text) && p.column() == column && p.isDash() {
		line, end := p.line, p.at+1
		n.End = end
		for end < len(p.text) && p.text[end] == ' ' {
			end++
		}
		var item *Node
		if rest := p.text[end:p.lineEnd(end)]; rest == "" || rest[0] == '#' {
			p.next(end)
			if p.at < len(p.text) && p.column() > column {
				item = p.block(p.column(), depth+1)
			}
		} else {
			p.at = end
			item = p.block(p.column(), depth+1)
		}
		n.Items = append(n.Items, item)
		if item != nil {
			n.End = item.End
		}
		p.skipDeeper(column)
		if p.line == line && p.at < len(p.text) {
			break // nothing was read
		}
	}
	return n
}

func (p *parser) mapping(column, depth int) *Node {
	n := p.node(Map)
	for p.at < len(p.text) && p.column() == column && !p.isDash() {
		pair := p.pair(column, depth)
		n.Pairs = append(n.Pairs, pair)
		n.End = pair.Key.End
		if pair.Value != nil {
			n.End = pair.Value.End
		}
		p.skipDeeper(column)
	}
	return n
}

// pair reads a name and its value, or a name that is being typed.
func (p *parser) pair(column, depth int) Pair {
	key, behind, ok := p.key()
	if !ok {
		n := p.inline(column-1, depth)
		p.next(n.End)
		return Pair{Key: asScalar(n)}
	}
	pair := Pair{Key: key, Colon: true}
	end := p.lineEnd(behind)
	for behind < end && p.text[behind] == ' ' {
		behind++
	}
	if behind < end && p.text[behind] != '#' {
		p.at = behind
		pair.Value = p.inline(column, depth+1)
		p.next(pair.Value.End)
		return pair
	}
	p.next(end)
	if p.at < len(p.text) && (p.column() > column || p.column() == column && p.isDash()) {
		pair.Value = p.block(p.column(), depth+1)
	}
	return pair
}

// asScalar makes a name of something in brackets.
func asScalar(n *Node) *Node {
	if n.Kind == Scalar {
		return n
	}
	return &Node{Start: n.Start, End: n.End, Line: n.Line, Column: n.Column, Inner: n.Start}
}

// key reads a name with its colon in this line, without going on.
func (p *parser) key() (n *Node, behind int, ok bool) {
	end := p.lineEnd(p.at)
	from := p.at
	if from < end && (p.text[from] == '{' || p.text[from] == '[') {
		return nil, 0, false
	}
	if from < end && (p.text[from] == '"' || p.text[from] == '\'') {
		n = p.quoted()
		from = n.End
		if from < end && p.text[from] != ':' {
			return nil, 0, false
		}
	}
	for i := from; i < end; i++ {
		switch {
		case p.text[i] == ':' && (i+1 == end || p.text[i+1] == ' '):
			if n == nil {
				n = p.plain(i)
			}
			return n, i + 1, true
		case p.text[i] == '#' && i > p.at && p.text[i-1] == ' ':
			return nil, 0, false
		}
	}
	return nil, 0, false
}
