package app

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
	"github.com/penstock/penstock/runtime/webhook"
)

// Linted is what Lint looked at and found.
type Linted struct {
	Pipelines, Webhooks int // that were looked at, and could be read
	Findings            []lint.Finding
	Lines               map[string][]string // of the pipeline files, by name, with secrets masked
}

// Err gives the findings that are errors as a fault.List, nil when there is none.
func (l *Linted) Err() error {
	var list fault.List
	for _, f := range l.Findings {
		if f.Severity == lint.Error {
			e := fault.New(f.Code, "%s", f.Message).At(f.Pos)
			e.Hint = f.Hint
			list = append(list, e)
		}
	}
	return list.Err()
}

// Count gives the number of findings of a severity.
func (l *Linted) Count(s lint.Severity) (n int) {
	for _, f := range l.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// linter gathers what several files and folders give.
type linter struct {
	t        *Tools
	out      Linted
	files    []lint.File
	declared []webhook.Declaration
}

// Lint checks files and folders: pipelines, and declared webhooks. texts are further files that are not read
// from the disk.
func (t *Tools) Lint(paths []string, texts ...lint.File) (Linted, error) {
	l := &linter{t: t, files: texts}
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
			l.file(name, info.Size())
		}
	}
	if err := l.judge(); err != nil {
		return l.out, err
	}
	setup := t.LintSetup()
	for _, d := range l.declared {
		setup.Events = append(setup.Events, source(d))
	}
	l.out.Pipelines = len(l.files)
	l.out.Findings = append(l.out.Findings, lint.Check(l.files, setup)...)
	slices.SortStableFunc(l.out.Findings, func(a, b lint.Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	l.out.Lines = make(map[string][]string, len(l.files))
	for _, f := range l.files {
		l.out.Lines[f.Name] = lint.Lines(f.Text)
	}
	for _, f := range l.out.Findings {
		if lines := l.out.Lines[f.Pos.File]; lines != nil {
			l.out.Lines[f.Pos.File] = lint.Mask(f.Pos.File, lines, []lint.Finding{f})
		}
	}
	return l.out, nil
}

// LintSetup gives what pipelines are checked against: commands, rights and plugins of the configuration, and the events
// of the webhooks that its folder declares.
func (t *Tools) LintSetup() lint.Setup {
	s := lint.Setup{Deps: t.deps(), Offered: map[string]string{}}
	for _, info := range t.Plugins() {
		one := lint.Plugin{Name: info.Name, Commands: info.Commands, Timeout: t.p.Config.LimitsOf(info.Name).Timeout}
		for _, right := range info.Rights {
			if right.Asked && !right.Effective {
				one.Lacks = append(one.Lacks, right.Capability)
			}
		}
		s.Plugins = append(s.Plugins, one)
	}
	for _, name := range shipped() {
		s.Offered[name] = name
	}
	declared, err := webhooks.LoadDir(t.p.Config.Webhooks.Dir)
	if err == nil { // its faults are told where it is checked itself
		for _, d := range declared {
			s.Events = append(s.Events, source(d))
		}
	}
	return s
}

// shipped lists the plugins that come with the program; each is named like its command.
func shipped() []string { return []string{"mail.send"} }

func source(d webhook.Declaration) lint.Source {
	payload := cmp.Or(d.Webhook.PayloadType, webhook.Base64)
	return lint.Source{Key: d.Webhook.EventKey, What: "the webhook " + d.Webhook.ID, Payload: string(payload)}
}

func (l *linter) folder(name string) {
	root, err := os.OpenRoot(name)
	if err != nil {
		l.fail(unreadable(name, err))
		return
	}
	defer root.Close()
	dir := filepath.ToSlash(name)
	files, found := lint.ReadDir(root.FS(), dir)
	l.files = append(l.files, files...)
	l.out.Findings = append(l.out.Findings, found...)
	declared, err := webhooks.Load(root.FS(), dir)
	l.fail(err)
	l.declared = append(l.declared, declared...)
}

func (l *linter) file(name string, size int64) {
	if size > pipeline.MaxSize {
		l.fail(fault.New(fault.PipelineSyntax, "the file has more than %d bytes", pipeline.MaxSize).At(fault.Position{File: name}))
		return
	}
	text, err := os.ReadFile(name)
	if err != nil {
		l.fail(unreadable(name, err))
		return
	}
	l.files = append(l.files, lint.File{Name: name, Text: string(text)})
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
	l.fail(faults.Err())
	for _, w := range warnings {
		found := lint.Of(w, nil)
		found.Severity = lint.Warning
		l.out.Findings = append(l.out.Findings, found)
	}
	l.out.Webhooks = len(l.declared)
	return nil
}

func (l *linter) fail(err error) {
	for _, e := range faultsOf(err) {
		l.out.Findings = append(l.out.Findings, lint.Of(e, nil))
	}
}
