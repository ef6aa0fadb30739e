package pipeline

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// File is a pipeline file of a directory.
type File struct {
	Path   string // within the directory
	Name   string // of its pipeline; empty for a file that only looks like one
	Plan   *Plan  // nil when there are Faults
	Faults fault.List
}

// LoadFiles loads the pipeline files below fsys, as [LoadDir] does, each by itself, in the order of their paths.
// known gives the plan that was made before of a pipeline, or nil; it is taken again while the file holds the same
// text. The error is a fault.List that tells of folders which cannot be read: what is in them is not in the files.
func LoadFiles(fsys fs.FS, deps Deps, known func(name string) *Plan) ([]File, error) {
	var files []File
	var unread fault.List
	first := map[string]string{} // the shown path of the file that a name was first seen in
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		shown := path.Join(deps.Dir, file)
		hidden := file != "." && strings.HasPrefix(path.Base(file), ".")
		switch {
		case err != nil:
			unread = append(unread, fault.Wrap(fault.PipelineRead, unpath(err), "reading the directory").At(fault.Position{File: shown}))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden, entry.IsDir():
			return nil
		case strings.HasSuffix(file, ".pi.yml"):
			files = append(files, File{Path: file, Faults: fault.List{
				fault.New(fault.PipelineInvalid, "a pipeline file ends in %s", Suffix).WithHint("rename the file").At(fault.Position{File: shown}),
			}})
			return nil
		}
		name, isPipeline := NameOf(file)
		if !isPipeline {
			return nil
		}
		f := File{Path: file, Name: name}
		if taken, twice := first[name]; twice {
			f.Faults = fault.List{
				fault.New(fault.PipelineDuplicate, "the pipeline %s is already defined by %s", short(name), taken).
					WithHint("rename one of the files").At(fault.Position{File: shown}),
			}
		} else {
			first[name] = shown
			f.load(fsys, shown, deps, known)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		unread = append(unread, fault.Wrap(fault.PipelineRead, unpath(err), "reading the directory").At(fault.Position{File: deps.Dir}))
	}
	return files, unread.Err()
}

// NameOf gives the name of the pipeline that a file below a directory holds: its path with dots for slashes. It is
// false for the name of a file that holds none.
func NameOf(file string) (name string, ok bool) {
	name, ok = cutSuffix(file)
	return strings.ReplaceAll(name, "/", "."), ok
}

func (f *File) load(fsys fs.FS, shown string, deps Deps, known func(name string) *Plan) {
	src, err := ReadFile(fsys, f.Path)
	if err != nil {
		f.Faults = fault.List{fault.Wrap(fault.PipelineRead, unpath(err), "reading the pipeline").At(fault.Position{File: shown})}
		return
	}
	if known != nil {
		if p := known(f.Name); p != nil && p.file == shown && bytes.Equal(p.src, src) {
			f.Plan = p
			return
		}
	}
	plan, err := LoadAs(shown, f.Name, src, deps)
	if f.Faults = listOf(err); f.Faults == nil {
		f.Plan = plan
	}
}

// Combine finds the plans that can be loaded together: of each file its own plan or, for a broken one, the plan that
// good gives for its name, which may be nil. A file that runs a pipeline which is not among them is broken too, and
// so are all files that claim one name; their faults are added to them. The set is in the order of the names. An
// error means that a plan of good runs a pipeline that is gone: then no set is whole, and what was loaded before
// should stay.
func Combine(files []File, good func(name string) *Plan) ([]*Plan, error) {
	chosen := make(map[string]*Plan, len(files))
	own := make(map[string]*File, len(files))
	claims := map[string]int{}
	for i := range files {
		f := &files[i]
		if f.Name == "" {
			continue
		}
		if claims[f.Name]++; claims[f.Name] == 1 && f.Plan != nil {
			own[f.Name], chosen[f.Name] = f, f.Plan
			continue
		}
		delete(own, f.Name)
		if chosen[f.Name] = good(f.Name); chosen[f.Name] == nil {
			delete(chosen, f.Name)
		}
	}
	for again := true; again; {
		again = false
		for _, name := range sortedNames(chosen) {
			if !lacks(chosen[name], chosen) {
				continue
			}
			f := own[name]
			if f == nil {
				return nil, notWhole(chosen[name], chosen) // it is the last good one already
			}
			f.Faults, f.Plan = append(f.Faults, missingCalls([]*Plan{chosen[name]}, sortedNames(chosen))...), nil
			delete(own, name)
			last := good(name)
			switch {
			case last == nil:
				delete(chosen, name)
			case last.version == chosen[name].version:
				return nil, notWhole(last, chosen)
			default:
				chosen[name] = last
			}
			again = true // others may run it
		}
	}
	set := make([]*Plan, 0, len(chosen))
	for _, name := range sortedNames(chosen) {
		set = append(set, chosen[name])
	}
	return set, nil
}

func notWhole(p *Plan, others map[string]*Plan) error {
	missing := missingCalls([]*Plan{p}, sortedNames(others))
	return missing[0].WithHint("the pipeline is loaded and cannot do without it; put it back, or take the call out of %s", p.file)
}

// lacks reports whether p runs a pipeline that is not among the others.
func lacks(p *Plan, others map[string]*Plan) bool {
	return slices.ContainsFunc(p.calls, func(c called) bool { return others[c.name] == nil })
}

func sortedNames(plans map[string]*Plan) []string {
	names := make([]string, 0, len(plans))
	for name := range plans {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// FaultsOf gives the faults of all files, in the order of their positions.
func FaultsOf(files []File) (all fault.List) {
	for _, f := range files {
		all = append(all, f.Faults...)
	}
	sortFaults(all)
	return all
}

// whole gives the plans of files that have no fault, in the order of their names.
func whole(files []File) []*Plan {
	plans := make([]*Plan, len(files))
	for i, f := range files {
		plans[i] = f.Plan
	}
	slices.SortFunc(plans, func(a, b *Plan) int { return cmp.Compare(a.name, b.name) })
	return plans
}
