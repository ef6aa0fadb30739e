package netlist

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

//go:embed lists/*.txt
var embedded embed.FS

const (
	maxFile    = 1 << 20 // bytes of a file that is read at most
	maxEntries = 32_768
)

// Info describes a named list.
type Info struct {
	Name    string
	Summary string
	Source  string // the address it was taken from
	Date    string // YYYY-MM-DD, on which it was true; "" = not said
	Entries int
}

// Lists are named lists of addresses. They never change, so they may be used from many goroutines.
type Lists struct {
	byName map[string]named
	names  []string
}

type named struct {
	info Info
	list List
}

// Load reads the lists that ship and then the *.txt files in the root of each further file system. A
// later file of the same name replaces an earlier one. A file is called after its list and holds one
// address or network a line; blank lines count for nothing, and a line that begins with # is a comment, or
// one of "# summary: ", "# source: ", "# date: ". All faults are reported, each with file and line.
func Load(more ...fs.FS) (*Lists, error) {
	shipped, err := fs.Sub(embedded, "lists")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "opening the embedded address lists")
	}
	l := &Lists{byName: map[string]named{}}
	var faults fault.List
	for _, fsys := range append([]fs.FS{shipped}, more...) {
		files, err := fs.Glob(fsys, "*.txt")
		if err != nil {
			return nil, fault.Wrap(fault.ConfigValue, err, "listing address lists")
		}
		for _, file := range files {
			n, f := readFile(fsys, file)
			faults = append(faults, f...)
			l.byName[n.info.Name] = n
		}
	}
	for name := range l.byName {
		l.names = append(l.names, name)
	}
	slices.Sort(l.names)
	return l, faults.Err()
}

func readFile(fsys fs.FS, file string) (named, fault.List) {
	at := fault.Position{File: file}
	n := named{info: Info{Name: strings.TrimSuffix(path.Base(file), ".txt")}}
	if !validName(n.info.Name) {
		return n, fault.List{fault.New(fault.ConfigValue, "the name of an address list has 1 to 64 of a-z, 0-9 and -").At(at)}
	}
	if info, err := fs.Stat(fsys, file); err == nil && info.Size() > maxFile {
		return n, fault.List{fault.New(fault.ConfigValue, "the file has more than %d bytes", maxFile).At(at)}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return n, fault.List{fault.Wrap(fault.ConfigRead, err, "reading an address list").At(at)}
	}
	return parseFile(n, file, string(data))
}

func parseFile(n named, file, text string) (named, fault.List) {
	var faults fault.List
	var spans []span
	number := 0
	for line := range strings.Lines(text) {
		number++
		at := fault.Position{File: file, Line: number}
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if err := n.info.note(strings.TrimSpace(comment)); err != nil {
				faults = append(faults, err.At(at))
			}
			continue
		}
		if line == "" {
			continue
		}
		s, err := parseSpan(line)
		if err != nil {
			faults = append(faults, fault.New(fault.ConfigValue, "%s", err).At(at))
			continue
		}
		spans = append(spans, s)
	}
	n.info.Entries = len(spans)
	if len(faults) == 0 && (len(spans) == 0 || len(spans) > maxEntries) {
		faults = append(faults, fault.New(fault.ConfigValue, "an address list has 1 to %d entries", maxEntries).At(fault.Position{File: file}))
	}
	n.list = merge(spans)
	return n, faults
}

// note takes what a comment says about the list.
func (i *Info) note(comment string) *fault.Error {
	key, text, _ := strings.Cut(comment, ":")
	text = strings.TrimSpace(text)
	switch key {
	case "summary":
		i.Summary = text
	case "source":
		i.Source = text
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return fault.New(fault.ConfigValue, "the date of an address list is like 2026-01-31")
		}
		i.Date = text
	}
	return nil
}

func validName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	})
}

// All describes the lists, sorted by name.
func (l *Lists) All() []Info {
	out := make([]Info, len(l.names))
	for i, name := range l.names {
		out[i] = l.byName[name].info
	}
	return out
}

// Parse is like the function [Parse], and takes @name for all addresses of the list with that name. A nil
// Lists knows no name.
func (l *Lists) Parse(texts []string) (List, error) {
	var spans []span
	for _, text := range texts {
		name, isName := strings.CutPrefix(text, "@")
		if !isName {
			s, err := parseSpan(text)
			if err != nil {
				return List{}, err
			}
			spans = append(spans, s)
			continue
		}
		var known named
		var names []string
		ok := false
		if l != nil {
			known, ok = l.byName[name]
			names = l.names
		}
		if !ok {
			return List{}, fault.New(fault.ConfigValue, "there is no address list %q", name).WithHint("%s", fault.DidYouMean(name, names))
		}
		spans = append(spans, known.list.spans...)
	}
	return merge(spans), nil
}
