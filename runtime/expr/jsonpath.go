package expr

import (
	"strconv"
	"strings"
)

func jsonPath(st *state, a args) (any, error) {
	root := a.any(0)
	if s, ok := root.(string); ok {
		var err error
		if root, err = load(st, s); err != nil {
			return nil, err
		}
	}
	parts, err := jsonPathParts(a.text(1))
	if err != nil {
		return nil, err
	}
	found, many := []any{root}, false
	for _, part := range parts {
		next, err := st.list(0)
		if err != nil {
			return nil, err
		}
		many = many || part == "*"
		for _, v := range found {
			if next, err = st.children(next, v, part); err != nil {
				return nil, err
			}
		}
		found = next
	}
	switch {
	case many:
		return found, nil
	case len(found) == 0:
		return nil, nil
	}
	return found[0], nil
}

// children appends what part (a name, an index or *) selects of v.
func (st *state) children(to []any, v any, part string) ([]any, error) {
	switch v := v.(type) {
	case map[string]any:
		if part != "*" {
			if item, has := v[part]; has {
				return append(to, item), st.grow(48)
			}
			return to, st.step(1)
		}
		names, err := sortedNames(st, v)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			to = append(to, v[name])
		}
		return to, st.room(len(to), len(names))
	case []any:
		if part == "*" {
			if err := st.room(len(to)+len(v), len(v)); err != nil {
				return nil, err
			}
			return append(to, v...), nil
		}
		i, err := strconv.Atoi(part)
		if i < 0 {
			i += len(v)
		}
		if err != nil || i < 0 || i >= len(v) {
			return to, st.step(1)
		}
		return append(to, v[i]), st.grow(48)
	}
	return to, st.step(1)
}

// room takes added items of a list that then has total.
func (st *state) room(total, added int) error {
	if total > st.lang.options.MaxList {
		return limit("list items", st.lang.options.MaxList)
	}
	return st.grow(48 * added)
}

// jsonPathParts splits the query that is the second argument.
func jsonPathParts(query string) ([]string, error) {
	bad := refuse(1, "cannot be read as a JSONPath").
		with("use $, .name, ['name'], [n] and [*]; for conditions write filter(list, .price > 10)")
	const longest = 1024
	rest, ok := strings.CutPrefix(strings.TrimSpace(query), "$")
	if !ok || len(rest) > longest {
		return nil, bad
	}
	var parts []string
	for rest != "" {
		var part string
		switch {
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return nil, bad
			}
			part, rest = rest[2:2+end], rest[2+end+2:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, bad
			}
			part, rest = rest[1:end], rest[end+1:]
			if _, err := strconv.Atoi(part); err != nil && part != "*" {
				return nil, bad
			}
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if part, rest = rest[1:1+end], rest[1+end:]; part == "" {
				return nil, bad
			}
		default:
			return nil, bad
		}
		parts = append(parts, part)
	}
	return parts, nil
}
