package pipetest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// Recorded is a run as a server tells of it.
type Recorded struct {
	Run   run.Run        // with the values of its steps, as far as they were recorded
	Body  any            // the final one, of a run that is done
	Event map[string]any // that started it
}

// Record gives the text of a test file that does what the run did: the event goes in, what the commands with an
// effect gave is mocked, and the end of the run is expected. It is run before it is given; what differs from time
// to time in the final body is then left open. path is the pipeline's file, file the test file to be. A fault with
// fault.TestFailed says that the pipeline does something else here.
func (r *Runner) Record(ctx context.Context, rec Recorded, path, file string) ([]byte, error) {
	switch {
	case !rec.Run.Status.Final() || rec.Run.Status == run.Cancelled:
		return nil, fault.New(fault.TestInvalid, "the run is %s, and only one that is done or dead can be recorded", rec.Run.Status)
	case rec.Run.EventKey == "" || rec.Event == nil:
		return nil, fault.New(fault.TestInvalid, "the event of the run is gone")
	}
	b := recording{r: r, rec: rec, path: path, file: file}
	text := b.text()
	h, cr, err := r.rehearse(ctx, file, text)
	if err != nil {
		return nil, err
	}
	if cr.Outcome == Passed {
		return text, nil
	}
	if h != nil && h.status == b.status() && rec.Run.Status == run.Done {
		b.rec.Body = loosen(rec.Body, h.out.Body)
		text = b.text()
		if _, again, err := r.rehearse(ctx, file, text); err == nil && again.Outcome == Passed {
			return text, nil
		}
	}
	e := fault.New(fault.TestFailed, "the run does not go here as it did on the server: %s", firstOf(cr))
	if b.missing {
		return nil, e.WithHint("the values of its steps were not recorded: set engine.record to all, and record a newer run")
	}
	return nil, e.WithHint("it ran version %s of the pipeline; compare it with the file", rec.Run.Version)
}

func firstOf(cr *CaseReport) string {
	p := cr.Problems[0]
	if len(p.Lines) > 0 {
		return p.What + ": " + p.Lines[0]
	}
	return p.What
}

// rehearse runs the one case of a test file that is not written yet.
func (r *Runner) rehearse(ctx context.Context, file string, text []byte) (*happened, *CaseReport, error) {
	f, err := Parse(file, text, r.lang)
	if err != nil {
		return nil, nil, err
	}
	t, err := r.load(f)
	if err != nil {
		return nil, nil, err
	}
	c := f.Cases[0]
	cr := &CaseReport{File: file, Name: c.Name, Outcome: Passed}
	h := &happened{}
	if err = t.check(r); err == nil {
		h, err = r.play(ctx, t, c)
	}
	if err != nil {
		e := asFault(err).At(fault.Position{})
		cr.fail(Problem{What: e.Error()})
		return nil, cr, nil
	}
	r.judge(ctx, c, h, cr)
	return h, cr, nil
}

// recording makes the text of a test file.
type recording struct {
	r          *Runner
	rec        Recorded
	path, file string
	missing    bool // values that a mock should give were not recorded
}

func (b *recording) status() string {
	if b.rec.Run.Status == run.Done {
		return statusDone
	}
	return statusDead
}

func (b *recording) text() []byte {
	x := b.rec.Run
	given := document{{"now", x.Started.UTC().Format(time.RFC3339)}, {"event", b.event()}}
	if x.Attempt > 1 {
		given = append(given, entry{"attempts", x.Attempt})
	}
	one := document{{"name", "recorded from " + x.EventID}, {"given", given}}
	if mocks := b.mocks(); len(mocks) > 0 {
		one = append(one, entry{"mocks", mocks})
	}
	expect := document{{"status", b.status()}}
	if x.Status == run.Done {
		expect = append(expect, entry{"body", expected(b.rec.Body)})
	} else {
		expect = append(expect, entry{"error", document{{"code", x.Code}}})
	}
	if sent := b.sent(); sent != nil {
		expect = append(expect, entry{"events", sent})
	}
	if names := stepNames(x.Steps); names != nil {
		expect = append(expect, entry{"steps", names})
	}
	one = append(one, entry{"expect", expect})
	var file document
	if !b.beside() {
		rel, err := filepath.Rel(filepath.Dir(b.file), b.path)
		if err != nil {
			rel = b.path
		}
		file = append(file, entry{"pipeline", filepath.ToSlash(rel)})
	}
	head := "# Recorded from the run " + x.ID() + " of version " + x.Version + ".\n"
	return append([]byte(head), append(file, entry{"cases", []any{one}}).yaml()...)
}

// beside reports whether the test file finds its pipeline by its own name.
func (b *recording) beside() bool {
	stem := strings.TrimSuffix(b.file, Suffix)
	return b.path == stem+pipeline.Suffix || b.path == stem+pipeline.SuffixJSON
}

// event gives what a case says of the event. Headers whose names speak of secrets are left out.
func (b *recording) event() document {
	e := b.rec.Event
	out := document{{"key", b.rec.Run.EventKey}}
	for _, name := range []string{"id", "traceId", "correlationId", "namespace", "time"} {
		if text, _ := e[name].(string); text != "" {
			out = append(out, entry{name, text})
		}
	}
	if hops, _ := e["hops"].(int); hops > 0 {
		out = append(out, entry{"hops", hops})
	}
	if e["message"] == true {
		out = append(out, entry{"message", true})
	}
	headers, _ := e["headers"].(map[string]any)
	kept := document{}
	for _, name := range sortedNames(headers) {
		if text, isText := headers[name].(string); isText && !speaksOfSecrets(name) {
			kept = append(kept, entry{name, text})
		}
	}
	if len(kept) > 0 {
		out = append(out, entry{"headers", kept})
	}
	if e["payload"] != nil {
		out = append(out, entry{"payload", escaped(e["payload"])})
	}
	return out
}

func speaksOfSecrets(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"auth", "cookie", "signature", "token", "secret", "key", "hmac", "password"}, func(part string) bool {
		return strings.Contains(name, part)
	})
}

// mocks gives what commands with an effect answered, in the order of the calls.
func (b *recording) mocks() []any {
	var out []any
	for i, s := range b.rec.Run.Steps {
		if s.Status == run.StepSkipped || s.Status == run.StepWaiting || !b.mocked(s.Command) {
			continue
		}
		m := document{{"command", s.Command}}
		if s.ID != "" {
			m = document{{"id", s.ID}}
		}
		tries := max(s.Attempt, 1)
		if s.Status == run.StepFailed || s.Status == run.StepIgnored {
			out = append(out, append(m, entry{"fail", document{
				{"code", s.Code}, {"message", s.Message}, {"retryable", b.again(i)}, {"times", tries},
			}}))
			continue
		}
		if s.Output != nil {
			if v, err := value.Decode(s.Output); err == nil && !isCut(v) {
				m = append(m, entry{"body", escaped(v)})
			} else {
				b.missing = true
			}
		} else if s.Input == nil {
			b.missing = true
		}
		out = append(out, append(m, entry{"times", 1}))
	}
	return out
}

// mocked reports whether the answers of a command are mocked: those of commands that act on the outside, also where
// what they do would only be caught, and those of plugins.
func (b *recording) mocked(name string) bool {
	def, err := b.r.tools.Registry().Lookup(name)
	switch {
	case err != nil:
		return !isBlock(name) && !slices.ContainsFunc(pipeline.FlowCommands(), func(s command.Spec) bool { return s.Name == name })
	case b.r.acts(name):
		return true
	}
	for _, p := range b.r.tools.Plugins() {
		if slices.Contains(p.Commands, def.Spec.Name) {
			return true
		}
	}
	return false
}

// again reports whether a failed step was tried again later, so that its failure was one that may pass.
func (b *recording) again(i int) bool {
	s := b.rec.Run.Steps[i]
	for _, later := range b.rec.Run.Steps[i+1:] {
		if later.Index == s.Index && later.Path == s.Path {
			return true
		}
	}
	return s.Attempt > 1 || b.rec.Run.Attempt > 1 && i == len(b.rec.Run.Steps)-1
}

// sent gives the events that event.send sent, nil where that was not recorded.
func (b *recording) sent() []any {
	out := []any{}
	for _, s := range b.rec.Run.Steps {
		if s.Command == "message.send" {
			return nil
		}
		if s.Command != "event.send" || s.Status != run.StepDone {
			continue
		}
		var in run.Input
		if json.Unmarshal(s.Input, &in) != nil || in.Params == nil {
			return nil
		}
		v, err := value.Decode(in.Params)
		params, _ := v.(map[string]any)
		if err != nil || isCut(params["payload"]) {
			return nil
		}
		out = append(out, document{{"key", params["key"]}, {"payload", expected(params["payload"])}})
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func isCut(v any) bool {
	m, _ := v.(map[string]any)
	_, cut := m["cutBytes"]
	return cut && len(m) == 2
}

// stepNames gives the steps as a case names them, nil where the record is not whole.
func stepNames(steps []run.Step) []any {
	const whole = 1000 // of more, a server keeps a part
	if len(steps) == 0 || len(steps) >= whole {
		return nil
	}
	var out []any
	for _, s := range steps {
		switch {
		case s.Status == run.StepSkipped, s.Status == run.StepWaiting:
		case s.ID != "":
			out = append(out, s.ID)
		case !isBlock(s.Command):
			out = append(out, s.Command)
		}
	}
	return out
}

// FileOf finds the file of a pipeline in the pipeline directory, by its name.
func (r *Runner) FileOf(name string) (string, error) {
	dir := r.params.Config.Pipelines.Dir
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if known, isPipeline := pipeline.NameOf(filepath.ToSlash(rel)); isPipeline && err == nil && !entry.IsDir() {
			files[known] = path
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", unreadable(dir, err)
	}
	if files[name] == "" {
		return "", fault.New(fault.PipelineUnknown, "no file in %s holds the pipeline %s", dir, name).
			WithHint("%s", fault.DidYouMean(name, sortedNames(files)))
	}
	return files[name], nil
}
