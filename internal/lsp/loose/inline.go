package loose

import "strings"

// inline reads what stands here and is no block collection. parent is the column of what it belongs to.
func (p *parser) inline(parent, depth int) *Node {
	switch p.text[p.at] {
	case '{', '[':
		return p.flow(parent, depth)
	case '"', '\'':
		return p.quoted()
	case '|', '>':
		if header := strings.TrimRight(p.text[p.at+1:p.lineEnd(p.at)], " "); strings.Trim(header, "+-0123456789") == "" {
			return p.literal(parent)
		}
	}
	end := p.lineEnd(p.at)
	for i := p.at + 1; i < end; i++ {
		if p.text[i] == '#' && p.text[i-1] == ' ' {
			end = i
		}
	}
	return p.plain(end)
}

// plain is the text from here up to end.
func (p *parser) plain(end int) *Node {
	n := p.node(Scalar)
	n.Text = strings.TrimRight(p.text[p.at:end], " \t")
	n.Inner, n.End = n.Start, n.Start+len(n.Text)
	return n
}

// quoted reads up to the closing quote, or to the end of the line where there is none.
func (p *parser) quoted() *Node {
	n := p.node(Scalar)
	n.Quote, n.Inner = p.text[p.at], p.at+1
	end := p.lineEnd(p.at)
	for i := n.Inner; i < end; i++ {
		switch {
		case p.text[i] == '\\' && n.Quote == '"':
			i++
		case p.text[i] == n.Quote && n.Quote == '\'' && i+1 < end && p.text[i+1] == '\'':
			i++
		case p.text[i] == n.Quote:
			n.Text, n.End = p.text[n.Inner:i], i+1
			return n
		}
	}
	n.Text, n.End = p.text[n.Inner:end], end
	return n
}

// literal reads a block scalar: the lines below that are indented further than parent.
func (p *parser) literal(parent int) *Node {
	n := p.node(Scalar)
	n.Quote = '|'
	end := p.lineEnd(p.at)
	n.Inner, n.End = end, end
	for at := end; at < len(p.text); {
		from := at + 1
		if strings.HasPrefix(p.text[at:], "\r\n") {
			from++
		}
		at = p.lineEnd(min(from, len(p.text)))
		text := p.text[min(from, len(p.text)):at]
		if indent := len(text) - len(strings.TrimLeft(text, " ")); strings.TrimSpace(text) != "" {
			if indent <= max(parent, 0) {
				break
			}
			n.End = at
		}
	}
	if n.End > n.Inner {
		n.Text = p.text[n.Inner:n.End]
	}
	return n
}

// flow reads a collection in brackets. One without an end reaches to the line that is not indented further
// than parent.
func (p *parser) flow(parent, depth int) *Node {
	n := p.node(List)
	n.Flow = true
	open := p.text[p.at]
	closing := byte(']')
	if open == '{' {
		n.Kind, closing = Map, '}'
	}
	p.at++
	for {
		if !p.flowSpace(parent) {
			n.End = min(p.at, len(p.text))
			return n
		}
		switch c := p.text[p.at]; {
		case c == closing:
			p.at++
			n.End = p.at
			return n
		case c == ']' || c == '}':
			n.End = p.at
			return n
		case c == ',':
			p.at++
		case n.Kind == Map:
			n.Pairs = append(n.Pairs, p.flowPair(parent, depth))
		default:
			n.Items = append(n.Items, p.flowValue(parent, depth))
		}
	}
}

// flowSpace goes to what stands next in brackets; false when they reach no further.
func (p *parser) flowSpace(parent int) bool {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t':
			p.at++
		case '#':
			p.at = p.lineEnd(p.at)
		case '\n', '\r':
			end := p.at
			before := *p
			p.next(end)
			if p.at >= len(p.text) || p.column() <= parent {
				*p = before
				return false
			}
		default:
			return true
		}
	}
	return false
}

func (p *parser) flowPair(parent, depth int) Pair {
	key := p.flowScalar(true)
	pair := Pair{Key: key}
	if !p.flowSpace(parent) || p.text[p.at] != ':' {
		return pair
	}
	pair.Colon = true
	p.at++
	if p.flowSpace(parent) && strings.IndexByte(",}]", p.text[p.at]) < 0 {
		pair.Value = p.flowValue(parent, depth)
	}
	return pair
}

func (p *parser) flowValue(parent, depth int) *Node {
	if c := p.text[p.at]; (c == '{' || c == '[') && depth < maxDepth {
		return p.flow(parent, depth+1)
	}
	n := p.flowScalar(false)
	if rest := p.text[p.at:]; len(rest) > 1 && rest[0] == ':' && rest[1] == ' ' { // [a: 1]
		p.at++
		one := &Node{Kind: Map, Flow: true, Start: n.Start, End: p.at, Line: n.Line, Column: n.Column}
		pair := Pair{Key: n, Colon: true}
		if p.flowSpace(parent) && strings.IndexByte(",}]", p.text[p.at]) < 0 {
			pair.Value = p.flowValue(parent, depth+1)
			one.End = pair.Value.End
		}
		one.Pairs = []Pair{pair}
		return one
	}
	return n
}

// flowScalar reads a scalar in brackets. Those of an expression belong to it.
func (p *parser) flowScalar(key bool) *Node {
	if c := p.text[p.at]; c == '"' || c == '\'' {
		n := p.quoted()
		p.at = n.End
		return n
	}
	end := p.lineEnd(p.at)
	depth := 0
	i := p.at
	for ; i < end; i++ {
		c := p.text[i]
		switch {
		case c == '{' && i > p.at && strings.IndexByte("$#%&!?~^+=", p.text[i-1]) >= 0:
			depth++
		case c == '{' && depth > 0:
			depth++
		case c == '}' && depth > 0:
			depth--
			continue
		}
		if depth > 0 && c != ',' {
			continue
		}
		if strings.IndexByte(",]}[{", c) >= 0 || c == ':' && (key || i+1 == end || strings.IndexByte(" ,]}", p.text[i+1]) >= 0) {
			if c == ':' && i+1 < end && strings.IndexByte(" ,]}", p.text[i+1]) < 0 {
				continue
			}
			break
		}
	}
	if i == p.at { // nothing that a scalar begins with
		i++
	}
	n := p.plain(min(i, len(p.text)))
	p.at = i
	return n
}
