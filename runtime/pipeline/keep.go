package pipeline

import "github.com/penstock/penstock/runtime/fault"

// From what a run works with to the kept forms.

// statePlace is the kept form without body, vars and identity.
func statePlace(s *State) (*keptState, error) {
	kept := &keptState{Format: positionFormat, Version: s.Version, Step: s.Step, Acked: s.Acked}
	if s.Inside == nil {
		return kept, nil
	}
	kept.Path = make([]keptFrame, len(s.Inside.path))
	for i := range s.Inside.path {
		var err error
		if kept.Path[i], err = keepFrame(&s.Inside.path[i]); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func keepState(s *State) (*keptState, error) {
	kept, err := statePlace(s)
	if err != nil {
		return nil, err
	}
	kept.keptScope, err = keepScope(scope{s.Body, s.Vars, s.Identity})
	return kept, err
}

func keepScope(s scope) (kept keptScope, err error) {
	kept.Identity = s.identity
	if kept.Body, err = keepValue(s.body); err != nil || s.vars == nil {
		return kept, err
	}
	kept.Vars, err = keepValue(s.vars)
	return kept, err
}

func keepFrame(f *frame) (kept keptFrame, err error) {
	kept = keptFrame{
		Part: f.part, Index: f.index, List: f.list, Round: f.round, Begun: f.begun, Tries: f.tries, Until: f.until, Due: f.due, After: f.after,
	}
	if f.items != nil {
		if kept.Items, err = keepValue(f.items); err != nil {
			return kept, err
		}
	}
	if kept.Outer, err = keepValue(f.outer.value()); err != nil {
		return kept, err
	}
	if f.before != nil {
		before, err := keepScope(*f.before)
		if err != nil {
			return kept, err
		}
		kept.Before = &before
	}
	if f.thrown != nil {
		if kept.Thrown, err = keepThrown(f.thrown); err != nil {
			return kept, err
		}
	}
	for _, b := range f.branches {
		k := keptBranch{Done: b.done}
		if k.Body, err = keepValue(b.body); err != nil {
			return kept, err
		}
		if b.state != nil {
			if k.State, err = keepState(b.state); err != nil {
				return kept, err
			}
		}
		kept.Branches = append(kept.Branches, k)
	}
	return kept, nil
}

func keepThrown(t *thrown) (*keptThrown, error) {
	e := t.err
	message := e.Message
	if e.Cause != nil {
		message += ": " + e.Cause.Error()
	}
	kept := &keptThrown{
		Error: keptError{
			Code: e.Code, Message: message, Hint: e.Hint, Where: e.Where, Retry: e.Retry, RetryAfter: e.RetryAfter,
			File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column,
		},
		Kind: t.kind, Status: t.status, Time: t.time, By: t.by, Restart: t.restart,
	}
	var err error
	kept.At, err = keepState(t.at)
	return kept, err
}

// value is the outer variables as a value, nil when there are none.
func (o outer) value() any {
	m := map[string]any{}
	if o.hadAs {
		m["as"] = o.as
	}
	if o.hadLoop {
		m["loop"] = o.loop
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// And back.

func (kept *keptState) place(s *State) error {
	if kept.Format != positionFormat {
		return fault.New(fault.PipelinePosition, "where the run stands was kept in the form %d, and this version reads the form %d", kept.Format, positionFormat)
	}
	s.Version, s.Step, s.Inside, s.Acked = kept.Version, kept.Step, nil, kept.Acked
	if len(kept.Path) == 0 {
		return nil
	}
	s.Inside = &Inside{path: make([]frame, len(kept.Path))}
	for i := range kept.Path {
		if err := kept.Path[i].frame(&s.Inside.path[i]); err != nil {
			return err
		}
	}
	return nil
}

func (kept *keptState) state() (*State, error) {
	s := &State{}
	if err := kept.place(s); err != nil {
		return nil, err
	}
	here, err := kept.scope()
	s.Body, s.Vars, s.Identity = here.body, here.vars, here.identity
	return s, err
}

func (kept *keptScope) scope() (s scope, err error) {
	s.identity = kept.Identity
	if s.body, err = readValue(kept.Body); err != nil {
		return s, err
	}
	s.vars, err = readMap(kept.Vars)
	return s, err
}

func readMap(text []byte) (map[string]any, error) {
	v, err := readValue(text)
	if v == nil || err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.PipelinePosition, "a kept value is not a map")
	}
	return m, nil
}

func (kept *keptFrame) frame(f *frame) error {
	*f = frame{
		part: kept.Part, index: kept.Index, list: kept.List, round: kept.Round, begun: kept.Begun, tries: kept.Tries, until: kept.Until, due: kept.Due, after: kept.After,
	}
	v, err := readValue(kept.Items)
	if err != nil {
		return err
	}
	if f.items, _ = v.([]any); f.items == nil && v != nil {
		return fault.New(fault.PipelinePosition, "the kept items are not a list")
	}
	m, err := readMap(kept.Outer)
	if err != nil {
		return err
	}
	f.outer.as, f.outer.hadAs = m["as"]
	f.outer.loop, f.outer.hadLoop = m["loop"]
	if kept.Before != nil {
		before, err := kept.Before.scope()
		if err != nil {
			return err
		}
		f.before = &before
	}
	if kept.Thrown != nil {
		if f.thrown, err = kept.Thrown.thrown(); err != nil {
			return err
		}
	}
	for i := range kept.Branches {
		b := branch{done: kept.Branches[i].Done}
		if b.body, err = readValue(kept.Branches[i].Body); err != nil {
			return err
		}
		if s := kept.Branches[i].State; s != nil {
			if b.state, err = s.state(); err != nil {
				return err
			}
		}
		f.branches = append(f.branches, b)
	}
	return nil
}

func (kept *keptThrown) thrown() (*thrown, error) {
	e := kept.Error
	t := &thrown{
		err: &fault.Error{
			Code: e.Code, Message: e.Message, Hint: e.Hint, Where: e.Where, Retry: e.Retry, RetryAfter: e.RetryAfter,
			Pos: fault.Position{File: e.File, Line: e.Line, Column: e.Column},
		},
		kind: kept.Kind, status: kept.Status, time: kept.Time, by: kept.By, restart: kept.Restart,
	}
	if kept.At == nil {
		return nil, fault.New(fault.PipelinePosition, "a kept failure does not say where it happened")
	}
	var err error
	t.at, err = kept.At.state()
	return t, err
}
