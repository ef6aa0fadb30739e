package lsp

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// judged is what was found in one version of a text.
type judged struct {
	document *document
	findings []lint.Finding
}

// judgeAll judges the files each time that something changed and the editor was quiet for a moment.
func (s *Server) judgeAll(ctx context.Context, conn *jsonrpc2.Conn) {
	j := &judge{Server: s}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		if !s.quiet(ctx) {
			return
		}
		j.round(ctx, conn)
	}
}

// quiet waits until nothing has changed for a moment; false when ctx ended.
func (s *Server) quiet(ctx context.Context) bool {
	timer := time.NewTimer(s.o.Debounce)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.wake:
			timer.Reset(s.o.Debounce)
		case <-timer.C:
			return true
		}
	}
}

// judge keeps what lint remembers of files that did not change.
type judge struct {
	*Server
	linter  *lint.Linter
	sources []lint.Source
}

// round judges all files and publishes what was found in those that are open. What a newer text has made
// useless is dropped; the next round is on its way then.
func (j *judge) round(ctx context.Context, conn *jsonrpc2.Conn) {
	j.scan()
	j.mu.Lock()
	open, sources := maps.Clone(j.files.open), j.files.sources()
	files := j.files.lintFiles()
	j.mu.Unlock()

	byFile := j.check(files, sources)
	for _, uri := range slices.Sorted(maps.Keys(open)) {
		if len(j.wake) > 0 || ctx.Err() != nil {
			return
		}
		d := open[uri]
		found := byFile[d.path]
		switch {
		case d.refused:
			found = []lint.Finding{tooLarge(d.path)}
		case j.words.form(d.path) != nil:
			found = ofForm(j.words.form(d.path), d)
		}
		j.publish(ctx, conn, d, found)
	}
}

// scan reads the files of new folders of the workspace.
func (j *judge) scan() {
	j.mu.Lock()
	roots, done := slices.Clone(j.files.roots), j.files.scanned
	j.files.scanned = true
	j.mu.Unlock()
	if done {
		return
	}
	found := scan(roots)
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, content := range found {
		j.files.put(name, content)
	}
}

// check judges pipelines. A fault of our own in it costs the findings, not the server.
func (j *judge) check(files []lint.File, sources []lint.Source) (byFile map[string][]lint.Finding) {
	defer func() {
		if p := recover(); p != nil {
			j.o.Logger.Error("judging the files failed in a way that nobody foresaw", "panic", p)
			j.linter, byFile = nil, nil
		}
	}()
	if j.linter == nil || !slices.Equal(sources, j.sources) {
		setup := j.o.Lint
		setup.Events = slices.Concat(setup.Events, sources)
		j.linter, j.sources = lint.New(setup), sources
	}
	byFile = map[string][]lint.Finding{}
	for _, f := range j.linter.Check(files) {
		byFile[f.Pos.File] = append(byFile[f.Pos.File], f)
	}
	return byFile
}

func tooLarge(name string) lint.Finding {
	return lint.Finding{
		Code: fault.PipelineSyntax, Severity: lint.Error, Pos: fault.Position{File: name, Line: 1, Column: 1},
		Message: "the file is too large to be looked at", Hint: "a pipeline has at most a few hundred lines",
	}
}

// ofForm judges a file of another form than that of pipelines.
func ofForm(form *Form, d *document) (out []lint.Finding) {
	if form.Check == nil {
		return nil
	}
	var list fault.List
	if !errors.As(form.Check(d.path, []byte(d.text.s)), &list) {
		return nil
	}
	for _, e := range list {
		out = append(out, lint.Of(e, lines(d.text)))
	}
	return out
}

func lines(t *text) []string {
	out := make([]string, len(t.starts))
	for i := range out {
		out[i] = t.line(i)
	}
	return out
}

// publish sends what was found in one text, unless the editor has another one by now.
func (j *judge) publish(ctx context.Context, conn *jsonrpc2.Conn, d *document, found []lint.Finding) {
	j.mu.Lock()
	if j.files.open[d.uri] != d {
		j.mu.Unlock()
		return
	}
	before, known := j.findings[d.uri]
	j.findings[d.uri] = judged{d, found}
	j.mu.Unlock()
	out := diagnostics(d.text, found)
	if known && before.document == d && slices.EqualFunc(diagnostics(d.text, before.findings), out, sameDiagnostic) {
		return
	}
	params := publishParams{URI: d.uri, Version: &d.version, Diagnostics: out}
	if err := conn.Notify(ctx, "textDocument/publishDiagnostics", params); err != nil && ctx.Err() == nil {
		j.o.Logger.Debug("findings could not be sent", "error", err)
	}
}

func sameDiagnostic(a, b diagnostic) bool {
	return a.Range == b.Range && a.Severity == b.Severity && a.Code == b.Code && a.Message == b.Message
}

// maxFindings is how many findings of one file are shown; who has more reads the first ones.
const maxFindings = 500

func diagnostics(t *text, found []lint.Finding) []diagnostic {
	found = found[:min(len(found), maxFindings)]
	out := make([]diagnostic, len(found))
	for i := range found {
		out[i] = diagnosticOf(t, &found[i])
	}
	return out
}

func diagnosticOf(t *text, f *lint.Finding) diagnostic {
	d := diagnostic{
		Range: span{t.of(f.Pos), t.of(f.End)}, Code: string(f.Code), Source: "pi", Message: f.Message,
		Severity: map[lint.Severity]int{lint.Error: 1, lint.Warning: 2, lint.Hint: 4}[f.Severity],
	}
	if f.Hint != "" {
		d.Message += "\n" + f.Hint
	}
	if f.End.Line < f.Pos.Line || f.End.Line == f.Pos.Line && f.End.Column <= f.Pos.Column {
		d.Range.End = d.Range.Start
	}
	switch f.Code {
	case fault.PipelineDeprecated:
		d.Tags = []int{2}
	case "lint.step.unreachable":
		d.Tags = []int{1}
	}
	return d
}

// codeAction gives the repairs of what was found in a part of a text.
func (s *Server) codeAction(p actionParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []codeAction{}
	d, err := s.document(p.TextDocument.URI)
	if d == nil || err != nil {
		return out, err
	}
	known := s.findings[d.uri]
	wanted := len(p.Context.Only) == 0 || slices.ContainsFunc(p.Context.Only, func(kind string) bool { return kind == "" || kind == "quickfix" })
	if known.document != d || !wanted {
		return out, nil
	}
	for i := range known.findings {
		f := &known.findings[i]
		shown := diagnosticOf(d.text, f)
		if f.Fix == nil || !touch(shown.Range, p.Range) {
			continue
		}
		edits := make([]textEdit, len(f.Fix.Edits))
		for k, e := range f.Fix.Edits {
			edits[k] = textEdit{span{d.text.of(e.Pos), d.text.of(e.End)}, e.Text}
		}
		out = append(out, codeAction{
			Title: f.Fix.Title, Kind: "quickfix", IsPreferred: true, Diagnostics: []diagnostic{shown},
			Edit: workspaceEdit{map[string][]textEdit{d.uri: edits}},
		})
	}
	return out, nil
}

// touch reports whether two parts of a text have a place in common.
func touch(a, b span) bool { return !less(a.End, b.Start) && !less(b.End, a.Start) }

func less(a, b position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}
