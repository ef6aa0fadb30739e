package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// File is one pipeline file.
type File struct {
	Name string // as positions show it
	Text string
	// Dir is the folder whose pipelines are one set, a beginning of Name, "." for the current one. Names are relative to it, and
	// what its pipelines run must be in it. Empty: the file stands alone, and nothing is known of others.
	Dir string
}

// Setup is what files are checked against. Deps is required.
type Setup struct {
	Deps    pipeline.Deps
	Events  []Source          // what makes events beside the files
	Plugins []Plugin          // that are loaded
	Offered map[string]string // commands that are not there, with the plugin that has them
}

// Source is a webhook or something else outside of the pipelines that makes events.
type Source struct {
	Key  string
	What string // such as "the webhook leads"
	// Payload is how a webhook makes its payload: base64, raw, outbound or ignore; empty = not known.
	Payload string
}

// Plugin is a loaded plugin.
type Plugin struct {
	Name     string
	Commands []string
	Lacks    []string      // capabilities that it wants and does not have
	Timeout  time.Duration // of one call; 0 = not known
}

// Check judges files as one set and gives the findings in the order of files and places.
func Check(files []File, s Setup) []Finding { return New(s).Check(files) }

// Linter judges sets of files one after the other and remembers files that did not change. It serves one caller
// at a time.
type Linter struct {
	setup Setup
	known map[File]*file
}

// New makes a linter.
func New(s Setup) *Linter { return &Linter{setup: s, known: map[File]*file{}} }

// Check judges files as one set, as the function of that name does.
func (l *Linter) Check(files []File) []Finding {
	s := &set{setup: &l.setup}
	known := make(map[File]*file, len(files))
	for _, in := range files {
		f := l.known[in]
		if f == nil {
			f = l.file(in)
		}
		known[in] = f
		s.files = append(s.files, f)
	}
	l.known = known
	s.index()
	var out []Finding
	for _, f := range s.files {
		f.late = nil
	}
	s.whole()
	for _, r := range Rules() {
		if r.set != nil {
			r.set(s, reporter{rule: r})
		}
	}
	for _, f := range s.files {
		out = append(out, f.judged()...)
	}
	return sorted(out)
}

// whole reports what keeps the files of a folder from being loaded together.
func (s *set) whole() {
	for _, f := range s.files {
		in := s.byName[f.in.Dir]
		if f.in.Dir == "" {
			continue
		}
		if first := in[f.name]; first != f {
			f.late = append(f.late, Of(fault.New(fault.PipelineDuplicate, "the pipeline %s is already defined by %s", f.name, first.in.Name).
				WithHint("rename one of the files").At(fault.Position{File: f.in.Name}), nil))
		}
		for _, e := range f.MissingCalls(func(name string) bool { return in[name] != nil }, s.names(f.in.Dir)) {
			f.late = append(f.late, Of(e, f.lines))
		}
	}
}

// file is one file with what it says.
type file struct {
	in    File
	name  string // of the pipeline; in a set without the folder
	lines []string
	pipeline.Examination
	facts
	ignores []ignore

	found []Finding // by what looks at this file alone
	late  []Finding // by what looks at the set
}

func (l *Linter) file(in File) *file {
	f := &file{in: in, lines: Lines(in.Text), name: nameOf(in)}
	f.Examination = pipeline.Examine(in.Name, f.name, []byte(in.Text), l.setup.Deps)
	f.Plan = nil // nothing is run, and a great many of them are large
	for _, e := range f.Faults {
		f.found = append(f.found, l.setup.better(f.lines, e))
	}
	for _, e := range f.Warnings {
		found := Of(e, f.lines)
		found.Severity = Warning
		f.found = append(f.found, found)
	}
	f.ignores = ignoresOf(f)
	if f.Outline == nil || slices.ContainsFunc(f.Faults, func(e *fault.Error) bool { return e.Code == fault.PipelineLimit }) {
		return f // what is too large was not looked at as a whole
	}
	f.facts = factsOf(f.Outline)
	for _, r := range Rules() {
		if r.file != nil {
			r.file(f, reporter{rule: r})
		}
	}
	return f
}

// nameOf gives the name of a file's pipeline: its path in the set, with dots.
func nameOf(in File) string {
	name := path.Clean(strings.ReplaceAll(in.Name, `\`, "/"))
	if in.Dir == "" {
		name = path.Base(name)
	} else if dir := path.Clean(strings.ReplaceAll(in.Dir, `\`, "/")); dir != "." {
		name = strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
	}
	for _, suffix := range []string{pipeline.Suffix, pipeline.SuffixJSON} {
		if front, ok := strings.CutSuffix(name, suffix); ok {
			return strings.ReplaceAll(front, "/", ".")
		}
	}
	return strings.ReplaceAll(name, "/", ".")
}

// judged gives the findings of a file, without those that a comment silences.
func (f *file) judged() []Finding {
	all := append(slices.Clone(f.found), f.late...)
	return f.silence(all)
}

// reporter makes the findings of one rule.
type reporter struct{ rule *Rule }

// at adds a finding about the text from pos to end.
func (r reporter) at(f *file, pos, end fault.Position, message string, args ...any) *Finding {
	list := &f.found
	if r.rule.set != nil {
		list = &f.late
	}
	*list = append(*list, Finding{
		Code: r.rule.Code, Severity: r.rule.Severity, Pos: pos, End: end, Message: fmt.Sprintf(message, args...),
	})
	return &(*list)[len(*list)-1]
}

// on adds a finding about the word, the quoted text or the bracket at pos.
func (r reporter) on(f *file, pos fault.Position, message string, args ...any) *Finding {
	return r.at(f, pos, extent(f.lines, pos), message, args...)
}

func (f *Finding) hint(format string, args ...any) *Finding {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}

func (f *Finding) fix(title string, edits ...Edit) { f.Fix = &Fix{Title: title, Edits: edits} }
