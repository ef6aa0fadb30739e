package lint

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// Of turns a fault of a file into a finding. lines are those of the file, nil when they are not known; then
// the finding has no extent and no fix.
func Of(e *fault.Error, lines []string) Finding {
	out := Finding{Code: e.Code, Severity: Error, Pos: e.Pos, Hint: e.Hint}
	bare := *e
	bare.Hint, bare.Pos = "", fault.Position{}
	out.Message = bare.Error()
	if out.Hint == "" {
		out.Hint = fault.HintOf(e.Cause)
		out.Message = strings.ReplaceAll(out.Message, "; "+out.Hint, "")
	}
	out.End = extent(lines, out.Pos)
	out.Fix = fixOf(&out, lines)
	if out.Hint == "" {
		out.Hint = fault.InfoOf(e.Code).Fix
	}
	return out
}

var (
	didYouMean = regexp.MustCompile(`^did you mean "([^"]+)"\?$`)
	writeName  = regexp.MustCompile(`^write ([A-Za-z][A-Za-z0-9.]*)$`)
)

// fixOf reads a repair from a hint that names one word, where the message is about the word at its place.
func fixOf(f *Finding, lines []string) *Fix {
	m := didYouMean.FindStringSubmatch(f.Hint)
	if m == nil {
		if m = writeName.FindStringSubmatch(f.Hint); m == nil {
			return nil
		}
	}
	pos, end, word := wordAt(lines, f.Pos)
	better := m[1]
	switch {
	case word == "", strings.HasPrefix(m[0], "did") && !likely(word, better):
		return nil
	case strings.Contains(f.Message, strconv.Quote(word)):
	case f.Code == fault.CommandType && strings.Contains(f.Message, "must be one of"):
	default:
		return nil
	}
	return &Fix{Title: "write " + better, Edits: []Edit{{Pos: pos, End: end, Text: better}}}
}
