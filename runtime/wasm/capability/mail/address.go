package mail

import "strings"

// validAddress reports whether s is one plain mailbox: name@host, ASCII, without quoting, routes or
// address literals. The characters % and ! are refused, since old relays read a second address out of them.
func validAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(local) > 64 || !validDomain(domain) {
		return false
	}
	for word := range strings.SplitSeq(local, ".") {
		if word == "" {
			return false
		}
		for _, c := range []byte(word) {
			if !isAlphanumeric(c) && strings.IndexByte("#$&'*+/=?^_`{|}~-", c) < 0 {
				return false
			}
		}
	}
	return true
}

func validDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !isAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isPrintable(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == 0x2028 || c == 0x2029 }) < 0
}

// pattern is an address in which '*' stands for any text within its side of the @.
type pattern struct{ local, domain string }

func parsePattern(s string) (pattern, bool) {
	s = strings.ToLower(s)
	if s == "*" {
		return pattern{"*", "*"}, true
	}
	// An address with letters in place of the stars must be a valid one.
	local, domain, _ := strings.Cut(s, "@")
	if !validAddress(strings.ReplaceAll(s, "*", "x")) {
		return pattern{}, false
	}
	return pattern{local, domain}, true
}

func (p pattern) match(address string) bool {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return glob(p.local, local) && glob(p.domain, domain)
}

func glob(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		middle, tail, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, rest)
		}
		i := strings.Index(s, middle)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(middle):], tail
	}
}
