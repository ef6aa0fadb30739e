package lint

import (
	"cmp"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// Severity says how much a finding matters.
type Severity string

// The severities. A file with an error is not loaded, or does harm; one with a warning most likely does not do
// what its author meant; a hint is worth a look.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Hint    Severity = "hint"
)

// Severities lists them, the gravest first.
func Severities() []Severity { return []Severity{Error, Warning, Hint} }

// AtLeast reports whether s is as grave as t.
func (s Severity) AtLeast(t Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), t)
}

// Finding is one thing that is wrong or doubtful. It never holds the value of a secret.
type Finding struct {
	Code     fault.Code
	Severity Severity
	Pos      fault.Position // of the first character; lines and columns count from 1, columns in characters
	End      fault.Position // behind the last character; that of Pos when no text can be pointed at
	Message  string
	Hint     string // what to do; may be empty
	Fix      *Fix   // nil when a person has to decide
}

// Fix is a repair.
type Fix struct {
	Title string
	Edits []Edit
}

// Edit replaces the text from Pos up to End, both of the finding's file.
type Edit struct {
	Pos, End fault.Position
	Text     string
}

// sorted puts findings in the order of files and places.
func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(list, func(a, b Finding) bool { return a.Code == b.Code && a.Pos == b.Pos && a.Message == b.Message })
}
