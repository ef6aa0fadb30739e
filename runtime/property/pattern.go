package property

import "strings"

// Pattern names properties as Ant does: ? stands for one character and * for any number of them within a
// segment, ** as a whole segment for any number of segments. The zero Pattern names nothing.
type Pattern struct{ segments []string }

// ParsePattern reads a pattern by the rules that [Clean] has for paths.
func ParsePattern(text, namespace string) (Pattern, error) {
	text, err := relative(text, namespace)
	if err != nil {
		return Pattern{}, err
	}
	if err := checkSize(text); err != nil {
		return Pattern{}, err
	}
	segments := strings.Split(text, "/")
	for _, s := range segments {
		if err := checkSegment(s, "*?"); err != nil {
			return Pattern{}, err
		}
	}
	return Pattern{segments}, nil
}

// Prefix is what every path that the pattern names begins with.
func (p Pattern) Prefix() string {
	text := strings.Join(p.segments, "/")
	end := strings.IndexAny(text, "*?")
	switch {
	case end < 0:
		return text
	case strings.HasPrefix(text[end:], "**"):
		return strings.TrimSuffix(text[:end], "/") // a/** names a too
	}
	return text[:end]
}

// Match reports whether the pattern names the path. Its work grows with the product of both lengths at most.
func (p Pattern) Match(path string) bool {
	if len(p.segments) == 0 {
		return false
	}
	segments := strings.Split(path, "/")
	return glob(len(p.segments), len(segments),
		func(i int) bool { return p.segments[i] == "**" },
		func(i, j int) bool { return matchSegment(p.segments[i], segments[j]) })
}

func matchSegment(pattern, segment string) bool {
	return glob(len(pattern), len(segment),
		func(i int) bool { return pattern[i] == '*' },
		func(i, j int) bool { return pattern[i] == '?' || pattern[i] == segment[j] })
}

// glob matches n parts of a pattern with m parts of a subject, where a star stands for any number of them.
// Going back to the last star is enough: an earlier one could not take better.
func glob(n, m int, star func(i int) bool, same func(i, j int) bool) bool {
	i, j, last, resume := 0, 0, -1, 0
	for j < m {
		switch {
		case i < n && star(i):
			last, resume = i, j
			i++
		case i < n && same(i, j):
			i++
			j++
		case last >= 0:
			resume++
			i, j = last+1, resume
		default:
			return false
		}
	}
	for i < n && star(i) {
		i++
	}
	return i == n
}
