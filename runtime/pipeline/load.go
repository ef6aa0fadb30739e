package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// Load parses and compiles one file. The error is a fault.List with every fault of both.
func Load(file string, src []byte, deps Deps) (*Plan, error) {
	doc, parseErr := Parse(file, src)
	return compileParsed(doc, parseErr, deps)
}

// LoadAs is Load for a text that is kept under another name than its file's: file tells by its suffix how the text is
// read and is shown in positions, name is the pipeline's.
func LoadAs(file, name string, src []byte, deps Deps) (*Plan, error) {
	doc, parseErr := parse(file, name, src)
	return compileParsed(doc, parseErr, deps)
}

func compileParsed(doc *Document, parseErr error, deps Deps) (*Plan, error) {
	if doc == nil {
		return nil, parseErr
	}
	if len(listOf(parseErr)) > maxFaults { // it is no pipeline: what it means is not asked
		return nil, parseErr
	}
	plan, err := Compile(doc, deps)
	if parseErr == nil {
		return plan, err
	}
	f := faults{list: append(listOf(parseErr), listOf(err)...)}
	return nil, f.err()
}

// LoadDir loads every file that ends in [Suffix] or [SuffixJSON], in all folders; names that begin with a dot are passed
// over. A pipeline's name is its path with dots for slashes: sales/lead.pi.yaml is sales.lead. Pipelines that they
// run must be among them. The error is
// a fault.List with every fault of every file, and then there are no plans: a directory is loaded as a whole
// or not at all. The plans are in the order of their names. Give the FS of an os.Root, so that no link
// leads out of the directory.
func LoadDir(fsys fs.FS, deps Deps) ([]*Plan, error) {
	files, err := LoadFiles(fsys, deps, nil)
	all := append(listOf(err), FaultsOf(files)...)
	var plans []*Plan
	var names []string
	for _, f := range files {
		if f.Name != "" {
			plans, names = append(plans, f.Plan), append(names, f.Name)
		}
	}
	all = append(all, missingCalls(plans, names)...)
	if len(all) > 0 {
		sortFaults(all)
		return nil, all
	}
	return whole(files), nil
}

// missingCalls reports the pipelines that others run and that are not among the known ones.
func missingCalls(plans []*Plan, known []string) (list fault.List) {
	for _, p := range plans {
		if p == nil {
			continue
		}
		for _, call := range p.calls {
			if !slices.Contains(known, call.name) {
				near := (&faults{list: list}).near(call.name, known)
				list = append(list, fault.New(fault.PipelineUnknown, "there is no pipeline %q", short(call.name)).
					WithHint("%s", near).At(call.pos))
			}
		}
	}
	return list
}

var errNotAFile = errors.New("it is not a regular file")

// ReadFile reads a pipeline file, one byte more than is allowed, so that the parser can refuse one that is too large.
func ReadFile(fsys fs.FS, file string) ([]byte, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, errNotAFile
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// unpath takes the path off an error whose position already names the file.
func unpath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
