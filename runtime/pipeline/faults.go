package pipeline

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// maxFaults is how many faults of one file are told; a file with more is not a pipeline.
const maxFaults = 100

// faults gathers what is wrong with one file.
type faults struct {
	file string
	list fault.List
	more bool // faults were left out
}

// added is the fault that was added last, for its hint; nil when it is one too many.
type added struct{ err **fault.Error }

func (a added) hint(format string, args ...any) {
	if a.err != nil {
		*a.err = (*a.err).WithHint(format, args...)
	}
}

func (f *faults) add(code fault.Code, line, col int, format string, args ...any) added {
	if f.full() {
		f.more = true
		return added{}
	}
	return f.addErr(fault.New(code, format, args...), line, col)
}

func (f *faults) addErr(err error, line, col int) added {
	return f.addAt(err, fault.Position{File: f.file, Line: line, Column: col})
}

// addAt adds err, which carries its code, under a position.
func (f *faults) addAt(err error, pos fault.Position) added {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = fault.Wrap(fault.PipelineInvalid, err, "checking the pipeline")
	}
	if f.full() {
		f.more = true
		return added{}
	}
	f.list = append(f.list, e.At(pos))
	return added{&f.list[len(f.list)-1]}
}

// full reports whether nobody will read about more.
func (f *faults) full() bool { return len(f.list) >= maxFaults }

// near names the nearest known name. Comparing a great many names with a great many others would take long.
func (f *faults) near(name string, known []string) string {
	const most = 1000
	if f.full() || len(known) > most {
		return ""
	}
	return fault.DidYouMean(name, known)
}

// nearKey names the nearest name of a map.
func nearKey[V any](f *faults, name string, known map[string]V) string {
	if f.full() {
		return ""
	}
	return f.near(name, slices.Collect(maps.Keys(known)))
}

// err gives the faults in the order of their positions, each once.
func (f *faults) err() error {
	sortFaults(f.list)
	if f.more {
		last := f.list[len(f.list)-1].Pos
		f.list = append(f.list, fault.New(fault.PipelineInvalid, "there are more faults, which are not listed").At(last))
		f.more = false
	}
	f.list = slices.CompactFunc(f.list, func(a, b *fault.Error) bool { return a.Error() == b.Error() })
	return f.list.Err()
}

func sortFaults(list fault.List) {
	slices.SortStableFunc(list, func(a, b *fault.Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
}

// listOf gives the faults within an error of this package.
func listOf(err error) fault.List {
	var list fault.List
	if errors.As(err, &list) {
		return list
	}
	var e *fault.Error
	if errors.As(err, &e) {
		return fault.List{e}
	}
	return nil
}
