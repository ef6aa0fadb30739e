package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// Library finds the pipelines of a folder by their names, for those that run each other, and compiles each
// when it is first asked for. It may be used from many goroutines.
type Library struct {
	dir  string
	deps pipeline.Deps

	mu     sync.Mutex
	files  map[string]string // by name
	plans  map[string]*pipeline.Plan
	broken map[string]error
}

// NewLibrary gives the library of a folder, compiled against deps.
func (t *Tools) NewLibrary(dir string, deps pipeline.Deps) *Library {
	return &Library{dir: dir, deps: deps, plans: map[string]*pipeline.Plan{}, broken: map[string]error{}}
}

// DepsWith gives what pipelines are compiled against, with stand-ins for those of the commands that nobody
// has: mocks answer for them.
func (t *Tools) DepsWith(commands []string) (deps pipeline.Deps, stubs []string, err error) {
	deps = t.deps()
	var defs []command.Definition
	for _, name := range commands {
		_, unknown := deps.Commands.Lookup(name)
		flow := slices.ContainsFunc(pipeline.FlowCommands(), func(s command.Spec) bool { return s.Name == name })
		if unknown == nil || flow || slices.Contains(stubs, name) {
			continue
		}
		stubs = append(stubs, name)
		defs = append(defs, command.Definition{
			Spec:    command.Spec{Name: name, Open: true, Effect: true, Result: "What the mock says."},
			Command: command.Func(nobodyAnswers),
		})
	}
	if len(stubs) == 0 {
		return deps, nil, nil
	}
	for _, d := range deps.Commands.Definitions() {
		defs = append(defs, *d)
	}
	if deps.Commands, err = command.NewRegistry(defs...); err != nil {
		return deps, nil, fault.New(fault.CommandUnknown, "a mock has a name that no command can have").
			WithHint("write words of lower case letters and digits, joined by dots")
	}
	return deps, stubs, nil
}

func nobodyAnswers(context.Context, command.Call) (command.Result, error) {
	return command.Result{}, fault.New(fault.TestUnmocked, "there is no such command, and no mock answered")
}

// RootOf gives the folder whose pipelines one in file can run: the pipeline directory when the file lies in it,
// else its own folder.
func (t *Tools) RootOf(file string) string {
	root := t.p.Config.Pipelines.Dir
	if rel, err := filepath.Rel(absolute(root), absolute(file)); err == nil && filepath.IsLocal(rel) {
		return shownAs(root, file, rel)
	}
	return filepath.Dir(file)
}

// shownAs gives the root in the form in which the file was given, so that positions are what a person typed.
func shownAs(root, file, rel string) string {
	if front, ok := strings.CutSuffix(filepath.Clean(file), rel); ok {
		return filepath.Clean(front + ".")
	}
	return root
}

func absolute(name string) string {
	if a, err := filepath.Abs(name); err == nil {
		return a
	}
	return name
}

// Load compiles a file and everything that it runs. A pipeline that is not there is no fault here: it may
// never be run.
func (l *Library) Load(file string) (*pipeline.Plan, error) {
	name, isPipeline := pipeline.NameOf(filepath.ToSlash(filepath.Base(file)))
	if rel, err := filepath.Rel(l.dir, file); err == nil && filepath.IsLocal(rel) && isPipeline {
		name, _ = pipeline.NameOf(filepath.ToSlash(rel))
	}
	src, err := readPipeline(file)
	if err != nil {
		return nil, err
	}
	plan, err := pipeline.LoadAs(file, name, src, l.deps)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.plans[name] = plan
	l.mu.Unlock()
	return plan, l.loadCalls(plan, map[string]bool{name: true})
}

func (l *Library) loadCalls(plan *pipeline.Plan, seen map[string]bool) error {
	var faults fault.List
	for _, name := range plan.Calls() {
		if seen[name] {
			continue
		}
		seen[name] = true
		called, err := l.find(name)
		if err == nil && called != nil {
			err = l.loadCalls(called, seen)
		}
		faults = append(faults, faultsOf(err)...)
	}
	return faults.Err()
}

// Plan gives a pipeline by its name, nil when there is none or when it is broken.
func (l *Library) Plan(name, _ string) *pipeline.Plan {
	plan, _ := l.find(name)
	return plan
}

func (l *Library) find(name string) (*pipeline.Plan, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if plan, known := l.plans[name]; known {
		return plan, l.broken[name]
	}
	if l.files == nil {
		l.files = filesBelow(l.dir)
	}
	file, there := l.files[name]
	if !there {
		return nil, nil
	}
	var plan *pipeline.Plan
	src, err := readPipeline(file)
	if err == nil {
		plan, err = pipeline.LoadAs(file, name, src, l.deps)
	}
	l.plans[name], l.broken[name] = plan, err
	return plan, err
}

// filesBelow finds the pipeline files of a folder as a server does. What cannot be read is not there.
func filesBelow(dir string) map[string]string {
	files := map[string]string{}
	_ = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case file != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !entry.Type().IsRegular():
			return nil
		}
		rel, err := filepath.Rel(dir, file)
		if name, isPipeline := pipeline.NameOf(filepath.ToSlash(rel)); isPipeline && err == nil {
			files[name] = file
		}
		return nil
	})
	return files
}

// faultsOf gives every fault of an error.
func faultsOf(err error) fault.List {
	var list fault.List
	var one *fault.Error
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return fault.List{one}
	case err != nil:
		return fault.List{fault.Wrap(fault.PipelineRead, err, "reading a file")}
	}
	return nil
}

func readPipeline(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && info.Size() > pipeline.MaxSize {
		return nil, fault.New(fault.PipelineSyntax, "the file has more than %d bytes", pipeline.MaxSize).At(fault.Position{File: file})
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	return src, nil
}
