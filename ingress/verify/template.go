package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// part is one piece of the signed content.
type part int

const (
	literal part = iota
	bodyPart
	timestampPart
	idPart
	methodPart
	urlPart
	pathPart
)

type piece struct {
	part part
	text []byte // of a literal
}

//nolint:gochecknoglobals // constant data
var placeholders = map[string]part{
	"body": bodyPart, "timestamp": timestampPart, "id": idPart, "method": methodPart, "url": urlPart, "path": pathPart,
}

// parseTemplate reads a text such as "{id}.{timestamp}.{body}".
func parseTemplate(text string) ([]piece, error) {
	var out []piece
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			if strings.Contains(before, "}") {
				return nil, fmt.Errorf("the template has a } without a {")
			}
			out = append(out, piece{text: []byte(before)})
		}
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("the template has a { without a }")
		}
		kind, known := placeholders[name]
		if !known {
			hint := fault.DidYouMean(name, []string{"body", "timestamp", "id", "method", "url", "path"})
			return nil, fmt.Errorf("the template has no placeholder {%s}; %s", name, hint)
		}
		if has(out, kind) {
			return nil, fmt.Errorf("the template names {%s} twice", name)
		}
		out, rest = append(out, piece{part: kind}), tail
	}
	if !has(out, bodyPart) {
		return nil, fmt.Errorf("the template does not contain {body}, so the body would not be proven")
	}
	return out, nil
}

func has(pieces []piece, kind part) bool {
	return slices.ContainsFunc(pieces, func(p piece) bool { return p.part == kind })
}
