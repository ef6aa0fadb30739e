package verify

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// appendLabel appends the text or number at a path of a JSON body that is proven. It reads no further than
// it has to and checks little on the way, so it is for names that decide nothing: where the body is not
// JSON it may find one or none.
func appendLabel(dst, body []byte, p dotted) []byte {
	s := labels{body: body}
	s.space()
	for _, part := range p {
		if !s.enter(part) {
			return dst
		}
	}
	start := s.at
	switch c := s.next(); {
	case c == '"':
		raw := body[start:s.skipText()]
		if bytes.IndexByte(raw, '\\') >= 0 {
			if plain, err := jsontext.AppendUnquote(dst, raw); err == nil {
				return plain
			}
			return dst
		}
		if len(raw) < 2 {
			return dst
		}
		return append(dst, raw[1:len(raw)-1]...)
	case c == '-' || c >= '0' && c <= '9':
		s.skip()
		return append(dst, body[start:s.at]...)
	}
	return dst
}

// labels is a place in a body.
type labels struct {
	body []byte
	at   int
}

// next gives the byte at the place, 0 at the end.
func (s *labels) next() byte {
	if s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

func (s *labels) space() {
	for s.at < len(s.body) && s.body[s.at] <= ' ' {
		s.at++
	}
}

// enter goes to the value of a field of the object at the place, or to an item of the list.
func (s *labels) enter(part string) bool {
	open := s.next()
	if open != '{' && open != '[' {
		return false
	}
	item := -1
	if open == '[' {
		var err error
		if item, err = strconv.Atoi(part); err != nil {
			return false
		}
	}
	s.at++
	for n := 0; ; n++ {
		s.space()
		if s.next() == 0 || s.next() == '}' || s.next() == ']' {
			return false
		}
		found := n == item && open == '['
		if open == '{' {
			name := s.body[s.at:s.skipText()]
			found = len(name) == len(part)+2 && string(name[1:len(name)-1]) == part
			if s.space(); s.next() != ':' {
				return false
			}
			s.at++
		}
		if s.space(); found {
			return true
		}
		s.skip()
		if s.space(); s.next() != ',' {
			return false
		}
		s.at++
	}
}

// skipText goes behind the text at the place and gives the new place.
func (s *labels) skipText() int {
	for s.at++; s.at < len(s.body); {
		n := bytes.IndexByte(s.body[s.at:], '"')
		if n < 0 {
			break
		}
		escapes := 0
		for i := s.at + n - 1; i >= s.at && s.body[i] == '\\'; i-- {
			escapes++
		}
		if s.at += n + 1; escapes%2 == 0 {
			return s.at
		}
	}
	s.at = len(s.body)
	return s.at
}

// skip goes behind the value at the place.
func (s *labels) skip() {
	depth := 0
	for s.at < len(s.body) {
		switch c := s.body[s.at]; {
		case c == '"':
			s.skipText()
		case c == '{' || c == '[':
			depth++
			s.at++
		case c == '}' || c == ']':
			if depth == 0 {
				return
			}
			depth--
			s.at++
		case depth == 0 && (c == ',' || c <= ' '):
			return
		default:
			s.at++
			continue
		}
		if depth == 0 {
			return
		}
	}
}
