package pipetest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// Runner runs test files. Commands and plugins are opened once for all of them. It is for one goroutine.
type Runner struct {
	params app.Params
	tools  *app.Tools
	out    *outside
	lang   *expr.Language
	door   *door // nil until a case has a request
	safe   []string

	libraries map[string]*app.Library // by folder, of files without stand-ins
}

// Open opens commands and plugins. The logger of params gets what they say beside what cases compare.
func Open(ctx context.Context, params app.Params) (*Runner, error) {
	r := &Runner{params: params, out: &outside{}, libraries: map[string]*app.Library{}}
	r.out.begin(standardNow())
	quiet := params
	quiet.Logger = slog.New(log{o: r.out})
	var err error
	if r.tools, err = app.OpenTrial(ctx, quiet, app.Outside{
		Now: r.out.Now, Emit: r.out.emit, Mail: r.out.submit, Result: r.out.complete, Properties: r.out,
	}); err != nil {
		return nil, err
	}
	r.lang = NewLanguage(r.out.Now)
	r.safe = harmless(r.tools)
	return r, nil
}

// harmless lists the commands whose effects stay in the test: events, results and properties are caught, and
// plugins that can do nothing but send mail hand it over.
func harmless(tools *app.Tools) []string {
	safe := []string{"event.send", "message.send", "message.ack", "message.nack", "message.drop", "result.complete"}
	for _, d := range tools.Registry().Definitions() {
		if strings.HasPrefix(d.Spec.Name, "property.") {
			safe = append(safe, d.Spec.Name)
		}
	}
	for _, p := range tools.Plugins() {
		only := true
		for _, right := range p.Rights {
			only = only && (!right.Effective || right.Capability == "mail")
		}
		if only {
			safe = append(safe, p.Commands...)
		}
	}
	return safe
}

// Close closes everything.
func (r *Runner) Close(ctx context.Context) error {
	var errs []error
	if r.door != nil {
		errs = append(errs, r.door.stop())
	}
	return errors.Join(append(errs, r.tools.Close(ctx))...)
}

// Options say what of the files is run.
type Options struct {
	Filter   string // only cases whose name holds this text, whatever its case; empty = all
	FailFast bool   // nothing is run behind the first case that fails
	Update   func(c *CaseReport)
}

// Find gives the test files that paths name, each once: files as they are, and those below folders by name.
func Find(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, unreadable(path, err)
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
			switch {
			case err != nil:
				return unreadable(name, err)
			case name != path && strings.HasPrefix(entry.Name(), "."):
				return skip(entry)
			case !entry.IsDir() && strings.HasSuffix(name, Suffix):
				out = append(out, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(name string) bool {
		twice := seen[filepath.Clean(name)]
		seen[filepath.Clean(name)] = true
		return twice
	}), nil
}

func unreadable(name string, err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fault.Wrap(fault.PipelineRead, err, "reading the test file").At(fault.Position{File: name})
}

// Run runs the cases of test files, one after the other. The report holds everything that ran; the error is a
// fault.List of files that cannot be run.
func (r *Runner) Run(ctx context.Context, files []string, o Options) (*Report, error) {
	report := &Report{}
	var faults fault.List
	r.libraries = map[string]*app.Library{} // files may have changed
	for _, path := range files {
		if ctx.Err() != nil {
			break
		}
		fr, err := r.file(ctx, path, o, report)
		if fr != nil {
			report.Files = append(report.Files, fr)
		}
		var list fault.List
		switch {
		case errors.As(err, &list):
			faults = append(faults, list...)
		case err != nil:
			faults = append(faults, asFault(err))
		}
		if o.FailFast && (len(faults) > 0 || report.Failed() > 0) {
			break
		}
	}
	return report, faults.Err()
}

// file runs one test file.
func (r *Runner) file(ctx context.Context, path string, o Options, report *Report) (*FileReport, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	f, err := Parse(path, src, r.lang)
	if err != nil {
		return nil, err
	}
	t, err := r.load(f)
	if err != nil {
		return nil, err
	}
	if err := t.check(r); err != nil {
		return nil, err
	}
	out := &FileReport{Path: path, Pipeline: t.plan.File()}
	report.cover(t.plan)
	for _, c := range f.Cases {
		if o.Filter != "" && !strings.Contains(strings.ToLower(c.Name), strings.ToLower(o.Filter)) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		cr := r.oneCase(ctx, t, c)
		report.covered(cr.trace, t.library)
		out.Cases = append(out.Cases, cr)
		if o.Update != nil {
			o.Update(cr)
		}
		if o.FailFast && cr.Outcome == Failed {
			break
		}
	}
	return out, nil //nolint:nilerr // what ran until an interruption is reported
}

// tested is a test file with its compiled pipeline.
type tested struct {
	file    *File
	plan    *pipeline.Plan
	library *app.Library
	stubs   []string // commands that nobody has and that mocks stand in for
}

// load compiles the pipeline of a test file.
func (r *Runner) load(f *File) (*tested, error) {
	path, at := r.pipelineOf(f)
	if at != nil {
		return nil, at
	}
	t := &tested{file: f}
	var names []string
	for _, c := range f.Cases {
		for _, m := range c.mocks {
			if m.Command != "" {
				names = append(names, m.Command)
			}
		}
	}
	deps, stubs, err := r.tools.DepsWith(names)
	if err != nil {
		return nil, asFault(err).At(fault.Position{File: f.Path, Line: 1, Column: 1})
	}
	t.stubs = stubs
	root := r.tools.RootOf(path)
	if t.library = r.libraries[root]; t.library == nil || len(stubs) > 0 {
		t.library = r.tools.NewLibrary(root, deps)
		if len(t.stubs) == 0 {
			r.libraries[root] = t.library
		}
	}
	t.plan, err = t.library.Load(path)
	return t, err
}

// pipelineOf finds the pipeline file that a test file is for.
func (r *Runner) pipelineOf(f *File) (string, error) {
	dir := filepath.Dir(f.Path)
	if f.Pipeline != "" {
		path := filepath.Join(dir, filepath.FromSlash(f.Pipeline))
		if _, err := os.Stat(path); err != nil {
			return "", fault.New(fault.TestInvalid, "there is no pipeline file %s", f.Pipeline).At(f.pipelineAt).
				WithHint("the name is relative to the test file")
		}
		return path, nil
	}
	stem := strings.TrimSuffix(f.Path, Suffix)
	for _, suffix := range []string{pipeline.Suffix, pipeline.SuffixJSON} {
		if _, err := os.Stat(stem + suffix); err == nil {
			return stem + suffix, nil
		}
	}
	return "", fault.New(fault.TestInvalid, "there is no %s beside the test file", filepath.Base(stem)+pipeline.Suffix).
		At(fault.Position{File: f.Path, Line: 1, Column: 1}).WithHint("name the file: pipeline: NAME.pi.yaml")
}

// check reports what a test file names and its pipeline does not have.
func (t *tested) check(r *Runner) error {
	f := &faults{file: t.file.Path}
	var ids, commands []string
	for _, s := range t.reachable() {
		commands = append(commands, s.Command)
		if s.ID != "" {
			ids = append(ids, s.ID)
		}
	}
	names := append(slices.Clone(r.tools.Registry().Names()), "pipeline.run")
	seen := map[fault.Position]bool{}
	for _, c := range t.file.Cases {
		for _, m := range c.mocks {
			switch {
			case seen[m.At]:
			case m.ID != "" && !isOneOf(m.ID, ids):
				f.add(fault.TestInvalid, m.At, "no step has the id %q", shorten(m.ID, 60))
				f.near(m.ID, ids)
			case isOneOf(m.Command, t.stubs) && !isOneOf(m.Command, commands):
				f.add(fault.TestInvalid, m.At, "there is no command %q, and the pipeline calls none of this name", shorten(m.Command, 60))
				f.near(m.Command, append(names, commands...))
			}
			seen[m.At] = true
		}
		for _, call := range c.expect.calls {
			switch {
			case call.id != "" && !isOneOf(call.id, ids):
				f.add(fault.TestInvalid, call.at, "no step has the id %q", shorten(call.id, 60))
				f.near(call.id, ids)
			case call.command != "" && !isOneOf(call.command, commands) && !isOneOf(call.command, names):
				f.add(fault.TestInvalid, call.at, "there is no command %q", shorten(call.command, 60))
				f.near(call.command, append(names, commands...))
			}
		}
		if as := c.given.as; as != "" && !r.tools.Policy().Known(as) {
			f.add(fault.TestInvalid, c.given.asAt, "there is no identity %q", shorten(as, 60))
			f.near(as, r.tools.Policy().Names())
		}
	}
	for _, name := range t.file.allow {
		if _, err := r.tools.Registry().Lookup(name); err != nil {
			f.add(fault.TestInvalid, t.file.allowAt, "allow names the command %q, which is not there", shorten(name, 60))
			f.near(name, names)
		}
	}
	return f.err()
}

// reachable gives the steps of the pipeline and of those that it runs.
func (t *tested) reachable() []pipeline.StepInfo {
	var out []pipeline.StepInfo
	seen := map[string]bool{}
	var add func(p *pipeline.Plan)
	add = func(p *pipeline.Plan) {
		if p == nil || seen[p.Name()] {
			return
		}
		seen[p.Name()] = true
		out = append(out, p.Steps()...)
		for _, name := range p.Calls() {
			add(t.library.Plan(name, ""))
		}
	}
	add(t.plan)
	return out
}
