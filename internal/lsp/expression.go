package lsp

import (
	"regexp"
	"strings"

	"github.com/penstock/penstock/runtime/expr"
)

// signs are those that may stand in front of the { of an expression; see the header exprPrefix.
const signs = "$#"

// expression gives the expression around an offset of a text, up to that offset; false when there is none. A
// bare text is an expression without delimiters.
func expression(text string, at int, prefix string, bare bool) (string, bool) {
	if at < 0 || at > len(text) {
		return "", false
	}
	begin, depth, quote, seen := -1, 0, byte(0), false
	for i := 0; i < at; i++ {
		c := text[i]
		switch {
		case begin < 0:
			if opens(text, i, prefix) {
				begin, depth, seen = i+1, 1, true
			}
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				begin = -1
			}
		}
	}
	switch {
	case begin >= 0:
		return text[begin:at], true
	case bare && !seen:
		return text[:at], true
	}
	return "", false
}

// opens reports whether the { at i begins an expression.
func opens(text string, i int, prefix string) bool {
	if text[i] != '{' || i == 0 {
		return false
	}
	if prefix != "" {
		return strings.HasSuffix(text[:i], prefix)
	}
	return strings.IndexByte(signs, text[i-1]) >= 0 && (i < 2 || text[i-2] != text[i-1]) // $${ is a text
}

// inText reports whether the end of an expression lies within one of its texts.
func inText(src string) bool {
	quote := byte(0)
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"' || c == '`'):
			quote = c
		}
	}
	return quote != 0
}

// chain is the names at the end of an expression: vars.order.na is vars, order and na.
type chain struct {
	names  []string // all but the last
	last   string   // that is being typed; may be empty
	method bool     // what is in front of the dot is no name: (...). or a text
}

var (
	chainForm = regexp.MustCompile(`(@?[\p{L}_][\p{L}\p{N}_]*(?:\??\.[\p{L}_][\p{L}\p{N}_]*)*(?:\??\.)?|@)$`)
	callForm  = regexp.MustCompile(`[\])}'"#]\??\.([\p{L}_][\p{L}\p{N}_]*)?$`)
)

func chainOf(src string) (c chain, ok bool) {
	if m := callForm.FindStringSubmatch(src); m != nil {
		return chain{last: m[1], method: true}, true
	}
	text := chainForm.FindString(src)
	if before := strings.TrimSuffix(src, text); strings.HasSuffix(before, ".") && text != "" {
		return chain{last: text, method: true}, !strings.Contains(text, ".") // a field of the item of a predicate
	}
	parts := strings.Split(strings.ReplaceAll(text, "?.", "."), ".")
	return chain{names: parts[:len(parts)-1], last: parts[len(parts)-1]}, true
}

// util finds a function by its name as it is written; nil for an unknown one.
func (v *vocabulary) util(name string) *expr.Util {
	for i := range v.utils {
		if v.utils[i].Name == name {
			return &v.utils[i]
		}
	}
	return nil
}

// roots are the names that an expression begins with, and what they hold.
func roots() map[string]string {
	return map[string]string{
		"body":      "What the command before handed on.",
		"vars":      "The variables.",
		"headers":   "The headers of the file.",
		"event":     "The event that started the run.",
		"exception": "The failure, in the commands of except and finally.",
		"request":   "The HTTP request that started the run; null when none did.",
		"context":   "The run: its pipeline, step and attempt.",
	}
}

// fields are those of the values whose form is known.
func fields(root string) []string {
	switch root {
	case "event":
		return []string{"async", "correlationId", "eventKey", "headers", "namespace", "payload", "traceId"}
	case "exception":
		return []string{
			"auth", "code", "command", "domain", "hint", "message", "more", "namespace", "pipeline", "retryable", "spanId", "statusCode",
			"step", "stepId", "time", "traceId", "type", "uuid",
		}
	case "context":
		return []string{"attempt", "identity", "instance", "pipeline", "run", "step", "stepId"}
	}
	return nil
}
