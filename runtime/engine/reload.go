package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
)

// Reload replaces the pipelines, all at once: events that are handled from now on see the new set, a run
// that began keeps its version until it ended, also over retries, waits and restarts. A pipeline that is not in the
// set takes no new events. The limit of runs at once is one for all versions of a pipeline. An error
// changes nothing. It may be called at any time, from any goroutine; ctx bounds nothing but the tidying
// up of versions that nobody needs any more.
func (e *Engine) Reload(ctx context.Context, set []*pipeline.Plan) error {
	return e.ReloadBy(ctx, set, nil)
}

// ReloadBy is Reload that keeps, with the versions that are new in the set, who made them: identities by the names of
// the pipelines.
func (e *Engine) ReloadBy(ctx context.Context, set []*pipeline.Plan, authors map[string]string) error {
	if err := e.swap(ctx, set, authors); err != nil {
		return err
	}
	e.schedule.reloaded()
	e.regather()
	e.retire(ctx)
	return nil
}

func (e *Engine) swap(ctx context.Context, set []*pipeline.Plan, authors map[string]string) error {
	e.reload.Lock()
	defer e.reload.Unlock()
	old := e.plans.Load()
	p, err := newPlans(set, e.o.PerPipeline, old)
	if err != nil {
		return err
	}
	if err := e.adopt(ctx); err != nil {
		return err
	}
	if err := e.keepTexts(ctx, old.loaded(), p, authors); err != nil {
		return err
	}
	for name, l := range old.byName {
		if p.byName[name] != l {
			e.versions.keep(l, old)
		}
	}
	e.plans.Store(p)
	return nil
}

// begin writes down which versions are loaded, before any run begins with them.
func (e *Engine) begin(ctx context.Context) error {
	e.reload.Lock()
	defer e.reload.Unlock()
	return e.adopt(ctx)
}

// adopt brings what the last process wrote down to what is loaded now. The caller holds the lock.
func (e *Engine) adopt(ctx context.Context) error {
	if e.adopted {
		return nil
	}
	last, err := e.store.LoadedSources(ctx)
	if err != nil {
		return err
	}
	before := make([]store.PipelineVersion, len(last))
	for i, s := range last {
		before[i] = s.PipelineVersion
	}
	err = e.keepTexts(ctx, before, e.plans.Load(), nil)
	e.adopted = err == nil
	return err
}

func (p *plans) loaded() []store.PipelineVersion {
	out := make([]store.PipelineVersion, 0, len(p.byName))
	for _, l := range p.byName {
		out = append(out, l.key())
	}
	return out
}

// keepTexts writes the difference between two sets to the store.
func (e *Engine) keepTexts(ctx context.Context, before []store.PipelineVersion, p *plans, authors map[string]string) error {
	change := store.SourceChange{At: e.o.Now()}
	stays := make(map[store.PipelineVersion]bool, len(before))
	for _, v := range before {
		if l := p.byName[v.Pipeline]; l == nil || l.key() != v {
			change.Out = append(change.Out, v)
			continue
		}
		stays[v] = true
	}
	for name, l := range p.byName {
		if !stays[l.key()] {
			change.In = append(change.In, store.Source{
				PipelineVersion: l.key(), File: l.plan.File(), Text: l.plan.Source(), Author: authors[name],
			})
		}
	}
	if len(change.In)+len(change.Out) == 0 {
		return nil
	}
	slices.SortFunc(change.In, func(a, b store.Source) int { return strings.Compare(a.Pipeline, b.Pipeline) })
	return e.store.ChangeSources(ctx, change)
}
