package lint

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// ignore is one comment that silences a rule.
type ignore struct {
	line     int // it is for this line and, when it stands alone, for the next one
	alone    bool
	code     string
	reason   string
	pos, end fault.Position // of the code, or of the comment when it has none
}

var (
	ignoreForm = regexp.MustCompile(`(?:^|\s)(#\s*lint:ignore\b)[ \t]*(\S*)[ \t]*(.*)$`)
	blockStart = regexp.MustCompile(`(?:^|[\s:-])[|>][+-]?[0-9]?[+-]?\s*(?:#.*)?$`)
)

// ignoresOf reads the comments of a file.
func ignoresOf(f *file) (out []ignore) {
	if strings.HasSuffix(f.in.Name, pipeline.SuffixJSON) || !strings.Contains(f.in.Text, "lint:ignore") {
		return nil
	}
	inBlock := -1 // indentation of the line that began a block of text
	for i, line := range f.lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		blank := strings.TrimSpace(line) == ""
		if inBlock >= 0 && (blank || indent > inBlock) {
			continue
		}
		inBlock = -1
		if blockStart.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			inBlock = indent
			if rest := strings.TrimLeft(line[indent:], "- "); strings.HasPrefix(line[indent:], "- ") && strings.Contains(rest, ":") {
				inBlock = len(line) - len(rest) // the key behind a dash, not the dash
			}
		}
		m := ignoreForm.FindStringSubmatchIndex(line)
		if m == nil || inQuotes(line[:m[2]]) {
			continue
		}
		at := func(offset int) fault.Position {
			return fault.Position{File: f.in.Name, Line: i + 1, Column: utf8.RuneCountInString(line[:offset]) + 1}
		}
		one := ignore{
			line: i + 1, alone: strings.TrimSpace(line[:m[2]]) == "", code: line[m[4]:m[5]], reason: strings.TrimSpace(line[m[6]:m[7]]),
			pos: at(m[4]), end: at(m[5]),
		}
		if one.code == "" {
			one.pos, one.end = at(m[2]), at(m[3])
		}
		out = append(out, one)
	}
	return out
}

// inQuotes reports whether a text in quotes is open at the end of a line's beginning.
func inQuotes(front string) bool {
	var open byte
	for i := 0; i < len(front); i++ {
		switch c := front[i]; {
		case open == '"' && c == '\\':
			i++
		case open != 0 && c == open:
			open = 0
		case open == 0 && (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", front[i-1]) >= 0):
			open = c
		}
	}
	return open != 0
}

func (i *ignore) covers(line int) bool { return line == i.line || i.alone && line == i.line+1 }

// silence takes out what comments are for, and adds what is wrong with the comments.
func (f *file) silence(all []Finding) []Finding {
	if len(f.ignores) == 0 {
		return all
	}
	used := make([]bool, len(f.ignores))
	all = slices.DeleteFunc(all, func(found Finding) bool {
		for i := range f.ignores {
			one := &f.ignores[i]
			if string(found.Code) == one.code && one.covers(found.Pos.Line) && (found.Severity != Error || ruleOf(one.code) != nil) {
				used[i] = true
				return true
			}
		}
		return false
	})
	for i := range f.ignores {
		all = append(all, f.ignores[i].judge(used[i])...)
	}
	return all
}

func (i *ignore) judge(used bool) (out []Finding) {
	add := func(code fault.Code, message, hint string) {
		out = append(out, Finding{Code: code, Severity: ruleOf(string(code)).Severity, Pos: i.pos, End: i.end, Message: message, Hint: hint})
	}
	switch info := fault.InfoOf(fault.Code(i.code)); {
	case i.code == "":
		add(codeIgnoreUnknown, "this comment names no rule", "write # lint:ignore CODE reason")
		return out
	case ruleOf(i.code) == nil && info.Summary == "":
		add(codeIgnoreUnknown, "there is no rule "+quote(i.code), fault.DidYouMean(i.code, codes()))
		return out
	case !used:
		add(codeIgnoreUnused, "nothing here has the code "+i.code+" that could be silenced", "take the comment out; an error that keeps the pipeline from being loaded cannot be silenced")
	}
	if i.reason == "" {
		add(codeIgnoreReason, "this comment does not say why", "write the reason behind the code")
	}
	return out
}
