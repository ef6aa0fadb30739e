package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// xpath are paths of which all results count: a|b.
type xpath []xmlLocation

type xmlLocation struct {
	absolute bool
	steps    []xmlStep
}

// xmlStep goes from one node to others.
type xmlStep struct {
	axis       xmlAxis
	test       string // a name, prefix:*, *, text() or node()
	predicates []xmlTest
}

type xmlAxis uint8

const (
	xmlChild xmlAxis = iota
	xmlDeep          // the node itself and all below it
	xmlAttribute
	xmlSelf
	xmlParent
)

// xmlTest is a part of a predicate.
type xmlTest struct {
	op      string // or and = != < <= > >=, a function, "path", "text" or "number"
	parts   []xmlTest
	path    xmlLocation
	literal string
	number  float64
}

const (
	maxXPath      = 1 << 10 // bytes
	maxXPathDepth = 16      // predicates and brackets inside each other
)

// xpathReader parses what we read of XPath 1.0: see its hint.
type xpathReader struct {
	s     string
	i     int
	depth int
}

func parseXPath(s string) (xpath, error) {
	bad := refuse(1, "cannot be read").with("use /a/b, //b, @id, *, text(), .., a|b and predicates such as [1], [last()], [@id = '7'], " +
		"[price > 10 and not(contains(name, 'x'))]")
	if len(s) > maxXPath {
		return nil, limit("bytes of an XPath", maxXPath)
	}
	r := &xpathReader{s: s}
	var out xpath
	for {
		l, ok := r.location()
		if !ok {
			return nil, bad
		}
		if out = append(out, l); !r.take("|") {
			break
		}
	}
	if r.space(); r.i < len(s) {
		return nil, bad
	}
	return out, nil
}

func (r *xpathReader) space() {
	for r.i < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.i]) >= 0 {
		r.i++
	}
}

// take reads a sign when it comes next.
func (r *xpathReader) take(sign string) bool {
	r.space()
	if !strings.HasPrefix(r.s[r.i:], sign) {
		return false
	}
	r.i += len(sign)
	return true
}

// word reads a keyword when it comes next.
func (r *xpathReader) word(word string) bool {
	before := r.i
	if r.space(); r.name() == word {
		return true
	}
	r.i = before
	return false
}

// name reads a name with its prefix, nothing when there is none.
func (r *xpathReader) name() string {
	begin := r.i
	for r.i < len(r.s) {
		c, size := utf8.DecodeRuneInString(r.s[r.i:])
		letter := c == '_' || c < 0x80 && isLetter(byte(c)) || c >= 0xC0 && c != utf8.RuneError
		prefix := c == ':' && r.i > begin && !strings.Contains(r.s[begin:r.i], ":")
		if !letter && !prefix && (r.i == begin || !strings.ContainsRune("0123456789-.", c)) {
			break
		}
		r.i += size
	}
	return r.s[begin:r.i]
}

func (r *xpathReader) location() (xmlLocation, bool) {
	var l xmlLocation
	deep := r.take("//")
	l.absolute = deep || r.take("/")
	for {
		if deep {
			l.steps = append(l.steps, xmlStep{axis: xmlDeep, test: "node()"})
		}
		s, ok := r.step()
		if !ok {
			return l, false
		}
		l.steps = append(l.steps, s)
		if deep = r.take("//"); !deep && !r.take("/") {
			return l, true
		}
	}
}

func (r *xpathReader) step() (xmlStep, bool) {
	s := xmlStep{test: "node()"}
	switch {
	case r.take(".."):
		s.axis = xmlParent
		return s, true
	case r.take("."):
		s.axis = xmlSelf
		return s, true
	case r.take("@"):
		s.axis = xmlAttribute
	}
	if r.space(); r.take("*") {
		s.test = "*"
	} else {
		if s.test = r.name(); s.test == "" {
			return s, false
		}
		if strings.HasSuffix(s.test, ":") && r.take("*") {
			s.test += "*"
		}
		if r.take("(") {
			if s.test += "()"; !r.take(")") || !isOneOf(s.test, "text()", "node()") {
				return s, false
			}
		}
	}
	for r.take("[") {
		if r.depth++; r.depth > maxXPathDepth {
			return s, false
		}
		t, ok := r.either()
		if r.depth--; !ok || !r.take("]") {
			return s, false
		}
		s.predicates = append(s.predicates, t)
	}
	return s, true
}

// either reads a or b.
func (r *xpathReader) either() (xmlTest, bool) { return r.joined("or", r.both) }

// both reads a and b.
func (r *xpathReader) both() (xmlTest, bool) { return r.joined("and", r.comparison) }

func (r *xpathReader) joined(word string, part func() (xmlTest, bool)) (xmlTest, bool) {
	first, ok := part()
	if !ok {
		return first, false
	}
	out := xmlTest{op: word, parts: []xmlTest{first}}
	for r.word(word) {
		next, ok := part()
		if !ok {
			return next, false
		}
		out.parts = append(out.parts, next)
	}
	if len(out.parts) == 1 {
		return first, true
	}
	return out, true
}

func (r *xpathReader) comparison() (xmlTest, bool) {
	left, ok := r.operand()
	if !ok {
		return left, false
	}
	for _, op := range []string{"=", "!=", "<=", ">=", "<", ">"} {
		if r.take(op) {
			right, ok := r.operand()
			return xmlTest{op: op, parts: []xmlTest{left, right}}, ok
		}
	}
	return left, true
}

func (r *xpathReader) operand() (xmlTest, bool) {
	r.space()
	rest := r.s[r.i:]
	switch {
	case rest == "":
		return xmlTest{}, false
	case rest[0] == '\'' || rest[0] == '"':
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return xmlTest{}, false
		}
		r.i += end + 2
		return xmlTest{op: "text", literal: rest[1 : 1+end]}, true
	case rest[0] >= '0' && rest[0] <= '9' || rest[0] == '-':
		end := 1
		for end < len(rest) && strings.IndexByte("0123456789.", rest[end]) >= 0 {
			end++
		}
		f, err := strconv.ParseFloat(rest[:end], 64)
		r.i += end
		return xmlTest{op: "number", number: f}, err == nil
	case rest[0] == '(':
		return r.group()
	}
	before := r.i
	if name := r.name(); isOneOf(name, "position", "last", "count", "contains", "starts-with", "not", "name") && r.take("(") {
		return r.function(name)
	}
	r.i = before
	l, ok := r.location()
	return xmlTest{op: "path", path: l}, ok
}

func (r *xpathReader) group() (xmlTest, bool) {
	if r.depth++; r.depth > maxXPathDepth {
		return xmlTest{}, false
	}
	r.take("(")
	t, ok := r.either()
	r.depth--
	return t, ok && r.take(")")
}

func (r *xpathReader) function(name string) (xmlTest, bool) {
	if r.depth++; r.depth > maxXPathDepth {
		return xmlTest{}, false
	}
	defer func() { r.depth-- }()
	t := xmlTest{op: name}
	want := map[string]int{"count": 1, "not": 1, "contains": 2, "starts-with": 2}[name]
	for i := range want {
		if i > 0 && !r.take(",") {
			return t, false
		}
		part, ok := r.either()
		if !ok || name == "count" && part.op != "path" {
			return t, false
		}
		t.parts = append(t.parts, part)
	}
	return t, r.take(")")
}
