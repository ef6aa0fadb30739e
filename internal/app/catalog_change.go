package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
)

var pathForm = regexp.MustCompile(`^[a-z0-9-]+(/[a-z0-9-]+)*$`)

// PipelineText is the text of a stored pipeline as it is on disk now.
type PipelineText struct {
	Name    string
	File    string // below the pipeline directory
	Text    []byte
	Version string
	JSON    bool // else YAML
}

// nameOf reads a path with slashes, or a name with dots.
func nameOf(where string) string { return strings.ReplaceAll(where, "/", ".") }

// Get reads the text of a stored pipeline. The error carries fault.PipelineUnknown when there is none.
func (c *catalog) Get(where string) (PipelineText, error) {
	root, err := os.OpenRoot(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return PipelineText{}, c.unknown(nameOf(where))
	}
	if err != nil {
		return PipelineText{}, fault.Wrap(fault.PipelineRead, plain(err), "opening the pipeline directory")
	}
	defer root.Close()
	return c.text(root, nameOf(where))
}

func (c *catalog) text(root *os.Root, name string) (PipelineText, error) {
	file := filesOf(root)[name]
	if file == "" {
		return PipelineText{}, c.unknown(name)
	}
	return c.textOf(root, name, file)
}

func (c *catalog) textOf(root *os.Root, name, file string) (PipelineText, error) {
	src, err := pipeline.ReadFile(root.FS(), file)
	if err != nil {
		return PipelineText{}, fault.Wrap(fault.PipelineRead, plain(err), "reading the pipeline").At(fault.Position{File: path.Join(c.dir, file)})
	}
	return PipelineText{Name: name, File: file, Text: src, Version: pipeline.VersionOf(src), JSON: strings.HasSuffix(file, pipeline.SuffixJSON)}, nil
}

// filesOf gives the files that hold pipelines, by the names of those; of several with one name the first.
func filesOf(root *os.Root) map[string]string {
	found := map[string]string{}
	_ = fs.WalkDir(root.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir // whoever loads them tells of it
		case file != "." && strings.HasPrefix(path.Base(file), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			if name, ok := pipeline.NameOf(file); ok && found[name] == "" {
				found[name] = file
			}
		}
		return nil
	})
	return found
}

func (c *catalog) unknown(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var known []string
	for n := range c.loaded {
		known = append(known, n)
	}
	return fault.New(fault.PipelineUnknown, "there is no pipeline %q", shorten(name)).WithHint("%s", fault.DidYouMean(name, known))
}

func shorten(text string) string {
	const most = 80
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// Put checks a text, writes it below the pipeline directory, and returns when it is in force. An error changes
// nothing; it is a fault.List with everything that is wrong with the text. match is the version that must be there
// now: empty asks for none, * for any, - for no pipeline of the name.
func (c *catalog) Put(ctx context.Context, author, where string, form pipeline.Form, text []byte, match string) (now PipelineText, created bool, err error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return now, false, fault.Wrap(fault.PipelineRead, plain(err), "making the pipeline directory").In("pipelines.dir")
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return now, false, fault.Wrap(fault.PipelineRead, plain(err), "opening the pipeline directory").In("pipelines.dir")
	}
	defer root.Close()
	name := nameOf(where)
	before, err := c.text(root, name)
	created = fault.CodeOf(err) == fault.PipelineUnknown
	if err != nil && !created {
		return now, false, err
	}
	if err := matches(before.Version, match); err != nil {
		return now, false, err
	}
	file := before.File
	if created {
		if file = strings.ReplaceAll(name, ".", "/"); !pathForm.MatchString(file) {
			return now, false, fault.New(fault.PipelineInvalid, "%q cannot be the path of a pipeline", shorten(where)).
				WithHint("write words of a-z 0-9 - joined by slashes, such as global/app/sales/pipeline/lead")
		}
		file += pipeline.Suffix
	}
	plan, text, err := c.compile(file, name, form, text)
	if err != nil {
		return now, false, err
	}
	if err := mayWrite(c.tools.policy, author, plan); err != nil {
		return now, false, err
	}
	files, err := c.read()
	if err != nil {
		return now, false, err
	}
	i := slices.IndexFunc(files, func(f pipeline.File) bool { return f.Path == file })
	if i < 0 {
		i, files = len(files), append(files, pipeline.File{})
	}
	files[i] = pipeline.File{Path: file, Name: name, Plan: plan}
	set, err := pipeline.Combine(files, c.plan)
	if len(files[i].Faults) > 0 {
		return now, false, files[i].Faults
	}
	if err != nil {
		return now, false, err
	}
	if err := replace(root, file, text); err != nil {
		return now, false, fault.Wrap(fault.PipelineRead, plain(err), "writing the pipeline").At(fault.Position{File: path.Join(c.dir, file)})
	}
	c.judged = digest{} // somebody else may have changed another file meanwhile: the next look finds out
	if err := c.take(ctx, files, set, map[string]string{name: author}); err != nil {
		if created {
			return now, false, errors.Join(err, root.Remove(file))
		}
		return now, false, errors.Join(err, replace(root, file, before.Text))
	}
	c.log.Info("stored a pipeline", "pipeline", name, "version", plan.Version(), "identity", author)
	return PipelineText{Name: name, File: file, Text: text, Version: plan.Version(), JSON: strings.HasSuffix(file, pipeline.SuffixJSON)}, created, nil
}

// compile checks a text as its author wrote it, and gives it as it is kept.
func (c *catalog) compile(file, name string, form pipeline.Form, text []byte) (*pipeline.Plan, []byte, error) {
	shown := path.Join(c.dir, file)
	kept := pipeline.FormYAML
	if strings.HasSuffix(file, pipeline.SuffixJSON) {
		kept = pipeline.FormJSON
	}
	if form == kept {
		plan, err := pipeline.LoadAs(shown, name, text, c.deps())
		return plan, text, err
	}
	if kept == pipeline.FormJSON {
		return nil, nil, fault.New(fault.PipelineInvalid, "the pipeline is kept as JSON, in %s", file).WithHint("send JSON, or delete it first")
	}
	if _, err := pipeline.LoadForm(form, name, text, c.deps()); err != nil {
		return nil, nil, err
	}
	text, err := pipeline.ToYAML(form, name, text)
	if err != nil {
		return nil, nil, err
	}
	plan, err := pipeline.LoadAs(shown, name, text, c.deps())
	return plan, text, err
}

// ActAs begins the right to write pipelines that switch to an identity.
const ActAs = "iam.run.as."

// mayWrite refuses a pipeline whose author would gain by it the rights of somebody else.
func mayWrite(policy *iam.Policy, author string, plan *pipeline.Plan) error {
	for _, id := range plan.Identities() {
		if id != author && !policy.MayRun(author, ActAs+id) {
			return fault.New(fault.IAMDenied, "%s may not write pipelines that act as %s", author, id).
				WithHint("grant %s%s%s to a role of the identity", iam.RightPrefix, ActAs, id)
		}
	}
	return nil
}

func matches(version, match string) error {
	switch {
	case match == "", match == version, match == "*" && version != "", match == "-" && version == "":
		return nil
	case version == "":
		return fault.New(fault.PipelineChanged, "the pipeline is not there")
	case match == "-":
		return fault.New(fault.PipelineChanged, "the pipeline is there already, in version %s", version)
	}
	return fault.New(fault.PipelineChanged, "the pipeline has the version %s now", version)
}

// Delete removes a stored pipeline and returns when it is out of force. One that others run is removed only with
// force; those are then broken.
func (c *catalog) Delete(ctx context.Context, author, where, match string, force bool) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	root, err := os.OpenRoot(c.dir)
	name := nameOf(where)
	if errors.Is(err, fs.ErrNotExist) {
		return c.unknown(name)
	}
	if err != nil {
		return fault.Wrap(fault.PipelineRead, plain(err), "opening the pipeline directory").In("pipelines.dir")
	}
	defer root.Close()
	before, err := c.text(root, name)
	if err != nil {
		return err
	}
	if err := matches(before.Version, match); err != nil {
		return err
	}
	callers := c.callers(name)
	if len(callers) > 0 && !force {
		return fault.New(fault.PipelineUsed, "the pipeline %s is run by %s", name, strings.Join(callers, ", "))
	}
	files, err := c.read()
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f pipeline.File) bool { return f.Path == before.File })
	set, err := pipeline.Combine(files, func(n string) *pipeline.Plan {
		if slices.Contains(callers, n) {
			return nil
		}
		return c.plan(n)
	})
	if err != nil {
		return err
	}
	if err := root.Remove(before.File); err != nil {
		return fault.Wrap(fault.PipelineRead, plain(err), "deleting the pipeline").At(fault.Position{File: path.Join(c.dir, before.File)})
	}
	c.judged = digest{}
	if err := c.take(ctx, files, set, nil); err != nil {
		return errors.Join(err, replace(root, before.File, before.Text))
	}
	c.log.Info("deleted a pipeline", "pipeline", name, "version", before.Version, "identity", author)
	return nil
}

// callers names the loaded pipelines that run the named one, at any depth, sorted.
func (c *catalog) callers(name string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for grown := true; grown; {
		grown = false
		for n, l := range c.loaded {
			if n == name || slices.Contains(out, n) {
				continue
			}
			if slices.ContainsFunc(l.plan.Calls(), func(called string) bool { return called == name || slices.Contains(out, called) }) {
				out, grown = append(out, n), true
			}
		}
	}
	slices.Sort(out)
	return out
}

// replace writes a file so that it is there as a whole or not at all, after a crash too.
func replace(root *os.Root, file string, text []byte) error {
	dir, base := path.Split(file)
	if dir != "" {
		if err := root.MkdirAll(path.Clean(dir), 0o700); err != nil {
			return err
		}
	}
	temporary := dir + "." + base + ".new" // a hidden file is no pipeline
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = root.Rename(temporary, file)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	if d, err := root.Open(path.Clean(dir + ".")); err == nil { // not every system can sync a folder
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// plain takes operation and path away from a file error.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
