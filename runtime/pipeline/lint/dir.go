package lint

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// ReadDir reads the pipeline files of a folder and all folders in it, as [pipeline.LoadDir] finds them; dir
// stands in front of their names. What cannot be read is a finding. Give the FS of an os.Root, so that no link
// leads out of the folder.
func ReadDir(fsys fs.FS, dir string) (files []File, found []Finding) {
	if dir == "" {
		dir = "."
	}
	add := func(code fault.Code, err error, name string) {
		e := fault.Wrap(code, unpath(err), "reading the pipeline").At(fault.Position{File: path.Join(dir, name)})
		found = append(found, Of(e, nil))
	}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			add(fault.PipelineRead, err, name)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case strings.HasSuffix(name, ".pi.yml"):
			e := fault.New(fault.PipelineInvalid, "a pipeline file ends in %s", pipeline.Suffix).WithHint("rename the file").
				At(fault.Position{File: path.Join(dir, name)})
			found = append(found, Of(e, nil))
			return nil
		case !strings.HasSuffix(name, pipeline.Suffix) && !strings.HasSuffix(name, pipeline.SuffixJSON):
			return nil
		}
		text, err := readFile(fsys, name)
		if err != nil {
			add(fault.PipelineRead, err, name)
			return nil
		}
		files = append(files, File{Name: path.Join(dir, name), Text: text, Dir: dir})
		return nil
	})
	if err != nil {
		add(fault.PipelineRead, err, "")
	}
	return files, found
}

var errNotAFile = errors.New("it is not a regular file")

// readFile reads one byte more than is allowed, so that the parser refuses a file that is too large.
func readFile(fsys fs.FS, name string) (string, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return "", errNotAFile
	}
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, pipeline.MaxSize+1))
	return string(data), err
}

// unpath takes the path off an error whose position names the file already.
func unpath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
