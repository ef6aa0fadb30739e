package app

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/webhook"
)

// Linted is what Lint found sound, and what it doubts.
type Linted struct {
	Pipelines, Webhooks int
	Warnings            []*fault.Error
}

// linter gathers what several files and folders give.
type linter struct {
	t        *Tools
	out      Linted
	declared []webhook.Declaration
	faults   fault.List
}

// Lint checks files and folders: pipelines, and declared webhooks. It gives the number of sound ones, the
// warnings, and every fault of all of them as a fault.List.
func (t *Tools) Lint(paths []string) (Linted, error) {
	l := &linter{t: t}
	for _, name := range paths {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			l.fail(unreadable(name, err))
		case info.IsDir():
			l.folder(name)
		case strings.HasSuffix(name, webhooks.Suffix):
			l.webhook(name)
		default:
			plan, err := t.loadFile(name)
			l.plans([]*pipeline.Plan{plan}, err)
		}
	}
	if err := l.judge(); err != nil {
		return l.out, err
	}
	return l.out, l.faults.Err()
}

func (l *linter) folder(name string) {
	root, err := os.OpenRoot(name)
	if err != nil {
		l.fail(unreadable(name, err))
		return
	}
	defer root.Close()
	deps := l.t.deps()
	deps.Dir = filepath.ToSlash(name)
	l.plans(pipeline.LoadDir(root.FS(), deps))
	declared, err := webhooks.Load(root.FS(), deps.Dir)
	l.fail(err)
	l.declared = append(l.declared, declared...)
}

func (l *linter) webhook(name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		l.fail(unreadable(name, err))
		return
	}
	decl, err := webhooks.Parse(filepath.ToSlash(name), data)
	if err != nil {
		l.fail(err)
		return
	}
	l.declared = append(l.declared, decl)
}

// judge holds the declared webhooks against presets, address lists and each other.
func (l *linter) judge() error {
	if len(l.declared) == 0 {
		return nil
	}
	presets, err := Presets(l.t.p.Config)
	if err != nil {
		return err
	}
	lists, err := AddressLists(l.t.p.Config)
	if err != nil {
		return err
	}
	faults, warnings := ingress.Inspect(l.declared, presets, l.t.p.Resolver, lists)
	l.faults = append(l.faults, faults...)
	l.out.Warnings = append(l.out.Warnings, warnings...)
	l.out.Webhooks = len(l.declared)
	return nil
}

func (l *linter) plans(plans []*pipeline.Plan, err error) {
	l.fail(err)
	for _, p := range plans {
		if p != nil {
			l.out.Pipelines++
			l.out.Warnings = append(l.out.Warnings, p.Warnings...)
		}
	}
}

func (l *linter) fail(err error) { l.faults = append(l.faults, faultsOf(err)...) }
