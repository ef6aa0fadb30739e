package pipeline

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
)

var (
	yamlLine    = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	yamlUnknown = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxFault puts what the YAML parser says into our words, with the best position that can be told.
func syntaxFault(f *faults, lines []string, err error) {
	m := yamlLine.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if m == nil {
		m = []string{"", "", "the text is not YAML"}
	}
	no, _ := strconv.Atoi(m[1])
	no = min(max(no, 1), max(len(lines), 1))
	line := ""
	if len(lines) > 0 {
		line = lines[no-1]
	}
	indent := len(line) - len(strings.TrimLeft(line, " "))
	col := indent + 1
	add := func(col int, format string, args ...any) added {
		return f.add(fault.PipelineSyntax, no, col, format, args...)
	}
	if name := yamlUnknown.FindStringSubmatch(m[2]); name != nil {
		no, col = find(lines, "*"+name[1])
		add(col, "anchors and aliases are not allowed").hint("write the value out where it is used, or quote a text that begins with *")
		return
	}
	switch {
	case strings.Contains(m[2], "cannot start any token") && strings.HasPrefix(line[indent:], "\t"):
		add(col, "a tab in the indentation").hint("indent with spaces")
	case strings.Contains(m[2], "cannot start any token"):
		at := valueStart(line)
		add(at, "a text cannot begin with this character").hint("put the text in quotes")
	case strings.Contains(m[2], "mapping values are not allowed"):
		add(innerColon(line), "a text without quotes holds a colon and a space").
			hint(`put the text in quotes, or write the map on lines of its own`)
	case strings.Contains(m[2], "did not find expected key"), strings.Contains(m[2], "did not find expected '-'"),
		strings.Contains(m[2], "could not find expected ':'"), strings.Contains(m[2], "did not find expected <document start>"):
		add(col, "the indentation or a key is wrong, here or shortly below").
			hint("entries of one map or list begin in the same column")
	case strings.Contains(m[2], "unexpected end of stream"):
		add(col, "a text in quotes has no end").hint("close the quotes")
	case strings.Contains(m[2], "expected ',' or ']'"):
		add(col, "a list in [ ] has no end, here or shortly below").hint("close it with ]")
	case strings.Contains(m[2], "expected ',' or '}'"):
		add(col, "a map in { } has no end, here or shortly below").hint("close it with }")
	case strings.Contains(m[2], "control characters"):
		no, col = findControl(lines)
		add(col, "a control character").hint(`remove it, or write it as "\u00.." in double quotes`)
	case strings.Contains(m[2], "max depth"):
		add(col, "nested deeper than %d levels", maxDepth)
	default:
		add(col, "%s", short(m[2]))
	}
}

// valueStart gives the column of the first character that no text may begin with, where a value can begin.
func valueStart(line string) int {
	for i, c := range line {
		if strings.ContainsRune("@`%\t", c) && (i == 0 || line[i-1] == ' ') {
			return utf8.RuneCountInString(line[:i]) + 1
		}
	}
	return len(line) - len(strings.TrimLeft(line, " ")) + 1
}

// innerColon gives the column of the second ": " of a line.
func innerColon(line string) int {
	first := strings.Index(line, ": ")
	if first < 0 {
		return 1
	}
	second := strings.Index(line[first+2:]+" ", ": ")
	if second < 0 {
		return first + 1
	}
	return utf8.RuneCountInString(line[:first+2+second]) + 1
}

func find(lines []string, text string) (line, col int) {
	for i, l := range lines {
		if at := strings.Index(l, text); at >= 0 {
			return i + 1, utf8.RuneCountInString(l[:at]) + 1
		}
	}
	return 1, 1
}

func findControl(lines []string) (line, col int) {
	for i, l := range lines {
		n := 0
		for _, c := range l {
			n++
			if c < ' ' && c != '\t' && c != '\r' || c == 0x7f {
				return i + 1, n
			}
		}
	}
	return 1, 1
}
