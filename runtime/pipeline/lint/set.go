package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// set is the files that are judged together.
type set struct {
	setup   *Setup
	files   []*file
	byName  map[string]map[string]*file // by folder and name of the pipeline
	sorted  map[string][]string         // the names of the pipelines of a folder
	callers map[*file][]call            // who runs a pipeline
}

// call is a place where one pipeline runs another.
type call struct {
	from *file
	step *step
	name string
	to   *file // nil when it is not known
	pos  fault.Position
	vars []pipeline.Param // that it gives; open when all variables may go along
	open bool
}

func (s *set) index() {
	s.byName, s.sorted, s.callers = map[string]map[string]*file{}, map[string][]string{}, map[*file][]call{}
	for _, f := range s.files {
		in := s.byName[f.in.Dir]
		if in == nil {
			in = map[string]*file{}
			s.byName[f.in.Dir] = in
		}
		if in[f.name] == nil {
			in[f.name] = f
		}
	}
	for _, f := range s.files {
		for _, c := range f.calls() {
			if c.to = s.byName[f.in.Dir][c.name]; c.to != nil {
				s.callers[c.to] = append(s.callers[c.to], c)
			}
		}
	}
}

// names gives the pipelines of a folder.
func (s *set) names(dir string) []string {
	if s.sorted[dir] == nil {
		s.sorted[dir] = slices.Sorted(maps.Keys(s.byName[dir]))
	}
	return s.sorted[dir]
}

// calls lists the pipelines that a file runs, as far as they are written out.
func (f *file) calls() (out []call) {
	for _, st := range f.steps {
		switch st.Name {
		case "pipeline.run":
			if p, given := st.Param("path"); given {
				c := call{from: f, step: st, pos: p.Value.Pos}
				c.name, _ = p.Value.Text()
				if vars, given := st.Param("vars"); given {
					c.vars, c.open = vars.Value.Fields, vars.Value.Kind != pipeline.Fields
				}
				out = append(out, c)
			}
		case "call":
			if p, given := st.Param("uri"); given {
				c := call{from: f, step: st, pos: p.Value.Pos}
				if text, _ := p.Value.Text(); strings.Contains(text, "pipeline:") {
					c.name = text
				}
				if args, given := st.Param("args"); given {
					c.vars, c.open = args.Value.Fields, args.Value.Kind != pipeline.Fields
				}
				out = append(out, c)
			}
		}
	}
	for _, v := range f.values {
		if name, ok := v.Text(); ok && v.param == "onError" && v.path[len(v.path)-1] == "pipeline" {
			out = append(out, call{from: f, step: v.step, name: name, pos: v.Pos, open: true})
		}
	}
	for i := range out {
		out[i].name = pipeline.PlanName(out[i].name)
	}
	return out
}

// emission is an event that is made somewhere.
type emission struct {
	pattern string // of message keys; # for a key that is only known when it runs
	from    *file  // nil outside of the files
	step    *step
	pos     fault.Position
	key     string // written out; empty = it is not
}

// emissions lists the events and messages that a file makes. prefix stands in front of an event's key in its message key.
func (f *file) emissions(prefix string) (out []emission) {
	for _, st := range f.steps {
		name := map[string]string{"event.send": "key", "webhook.put": "eventKey", "message.send": "key"}[st.Name]
		p, given := st.Param(name)
		if name == "" || !given {
			continue
		}
		e := emission{from: f, step: st, pos: p.Value.Pos, pattern: "#"}
		if text, ok := p.Value.Text(); ok && p.Value.Expression == nil {
			e.key, e.pattern = text, text
		} else if ok {
			e.pattern = f.front(text) + "#"
		}
		switch st.Name {
		case "webhook.put":
			e.step, e.pattern = nil, prefix+e.pattern
		case "event.send":
			e.pattern = prefix + e.pattern
		}
		out = append(out, e)
	}
	return out
}

// front gives the words of a key in front of its first expression, each with its dot.
func (f *file) front(text string) string {
	sign := strings.IndexAny(text, "$#")
	if f.Outline.Prefix != "" {
		sign = strings.Index(text, f.Outline.Prefix+"{")
	}
	front := text[:max(sign, 0)]
	front = front[:strings.LastIndexByte(front, '.')+1]
	if event.CheckKey(strings.TrimSuffix(front, ".")) != nil {
		return ""
	}
	return front
}
