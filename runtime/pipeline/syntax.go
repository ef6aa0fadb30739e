package pipeline

import (
	"regexp"
	"slices"
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
	if strings.HasPrefix(m[2], "did not find expected") {
		no++ // the parser counts the line where a list or map began from 0, the scanner its lines from 1
	}
	no = min(max(no, 1), len(lines))
	for no > 1 && strings.TrimSpace(lines[no-1]) == "" { // the end of the file is after its last line
		no--
	}
	line := lines[no-1]
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
	says := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(m[2], part) })
	}
	switch {
	case says("cannot start any token") && strings.HasPrefix(line[indent:], "\t"):
		add(col, "a tab in the indentation").hint("indent with spaces")
	case says("cannot start any token"):
		add(columnOf(line, "@`%\t", col), "a text cannot begin with this character").hint("put the text in quotes")
	case says("mapping values are not allowed"):
		add(innerColon(line), "a text without quotes holds a colon and a space").
			hint(`put the text in quotes, or write the map on lines of its own`)
	case says("did not find expected key", "did not find expected '-'", "could not find expected ':'", "expected <document start>"):
		if at, c, found := misplaced(lines, no); found {
			no = at
			add(c, "the indentation fits no list or map above").hint("entries of one map or list begin in the same column")
			return
		}
		add(col, "the indentation or a key is wrong, here or shortly below").
			hint("entries of one map or list begin in the same column")
	case says("unexpected end of stream"):
		add(columnOf(line, `"'`, col), "a text in quotes has no end").hint("close the quotes")
	case says("expected ',' or ']'"):
		add(columnOf(line, "[", col), "a list in [ ] has no end").hint("close it with ]")
	case says("expected ',' or '}'"):
		add(columnOf(line, "{", col), "a map in { } has no end").hint("close it with }")
	case says("expected node content"):
		add(col, "a value is missing, or a list or map in brackets has no end")
	case says("control characters"):
		no, col = findControl(lines)
		add(col, "a control character").hint(`remove it, or write it as "\u00.." in double quotes`)
	case says("max depth"):
		add(col, "nested deeper than %d levels", maxDepth)
	default:
		add(col, "%s", short(m[2]))
	}
}

// columnOf gives the column of the first of chars that begins a value, or otherwise.
func columnOf(line, chars string, otherwise int) int {
	for i, c := range line {
		if strings.ContainsRune(chars, c) && (i == 0 || strings.ContainsRune(" [{,", rune(line[i-1]))) {
			return utf8.RuneCountInString(line[:i]) + 1
		}
	}
	return otherwise
}

// misplaced finds the first line from no on that is indented less than the line above it, but like none of
// the lists and maps that are open there.
func misplaced(lines []string, no int) (line, col int, found bool) {
	open := []int{0}
	blockIn := -1 // indentation of the line that began a block of text
	for i, text := range lines {
		content := strings.TrimLeft(text, " ")
		indent := len(text) - len(content)
		if content == "" || content[0] == '#' || blockIn >= 0 && indent > blockIn {
			continue
		}
		blockIn = -1
		dedented := false
		for len(open) > 0 && open[len(open)-1] > indent {
			open, dedented = open[:len(open)-1], true
		}
		if fits := len(open) > 0 && open[len(open)-1] == indent; !fits {
			if dedented && i+1 >= no {
				return i + 1, indent + 1, true
			}
			open = append(open, indent)
		}
		for strings.HasPrefix(content, "- ") {
			rest := strings.TrimLeft(content[2:], " ")
			indent += len(content) - len(rest)
			open, content = append(open, indent), rest
		}
		if end := strings.TrimRight(content, "+-0123456789 \r"); strings.HasSuffix(end, "|") || strings.HasSuffix(end, ">") {
			blockIn = len(text) - len(strings.TrimLeft(text, " "))
		}
	}
	return 0, 0, false
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
