package app

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
)

// The states of a pipeline.
const (
	stateOK     = "ok"
	stateBroken = "broken" // its file cannot be taken over as it is; the version is its last good one
	stateOut    = "out"    // broken, and nothing of it is loaded
)

// PipelineInfo is what `GET /api/v3/pipelines` tells of a pipeline.
type PipelineInfo struct {
	Name        string    `json:"name"`
	Version     string    `json:"version,omitempty"`
	State       string    `json:"state"`
	Trigger     string    `json:"trigger,omitempty"` // kind and pattern; empty = it is only run by others, or over HTTP
	Steps       int       `json:"steps"`
	Since       time.Time `json:"since,omitzero"` // when this version was loaded
	File        string    `json:"file"`
	Description string    `json:"description,omitempty"`
	Calls       []string  `json:"calls,omitempty"`
	Faults      []Problem `json:"faults,omitempty"`
}

// Problem is one fault of a pipeline file.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

func problems(list fault.List) (out []Problem) {
	for _, f := range list {
		bare := *f
		bare.Pos, bare.Hint = fault.Position{}, ""
		out = append(out, Problem{
			Code: string(f.Code), Message: bare.Error(), Hint: f.Hint, File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column,
		})
	}
	return out
}

// List tells of every pipeline, by name.
func (c *catalog) List() []PipelineInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []PipelineInfo{}
	at := map[string]int{}
	for name, l := range c.loaded {
		p := l.plan
		info := PipelineInfo{
			Name: name, Version: p.Version(), State: stateOK, Steps: len(p.Steps()), Since: l.since, File: p.File(),
			Description: p.Description(), Calls: p.Calls(),
		}
		if t := p.Trigger(); t != nil {
			info.Trigger = t.String()
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b PipelineInfo) int { return strings.Compare(a.Name, b.Name) })
	for i := range out {
		at[out[i].Name] = i
	}
	for _, f := range c.files {
		if len(f.Faults) == 0 {
			continue
		}
		if i, known := at[f.Name]; known {
			out[i].State = stateBroken
			out[i].Faults = append(out[i].Faults, problems(f.Faults)...)
			continue
		}
		shown := path.Join(c.dir, f.Path)
		out = append(out, PipelineInfo{Name: cmp.Or(f.Name, f.Path), State: stateOut, File: shown, Faults: problems(f.Faults)})
	}
	slices.SortStableFunc(out, func(a, b PipelineInfo) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// VersionInfo is what `GET /api/v3/pipelines/NAME` tells of a version.
type VersionInfo struct {
	Version string    `json:"version"`
	Loaded  bool      `json:"loaded"`
	First   time.Time `json:"first"`           // when it was loaded for the first time
	Last    time.Time `json:"last"`            // when it was loaded
	Until   time.Time `json:"until,omitzero"`  // when another one took its place
	Author  string    `json:"author"`          // the identity that put it, or "file"
	Form    string    `json:"form"`            // of the text: yaml or json
	Text    string    `json:"source,omitzero"` // only of one version
}

// History lists the kept versions of a pipeline, the newest first. The error carries fault.PipelineUnknown when
// nothing is known of it.
func (c *catalog) History(ctx context.Context, where string) ([]VersionInfo, error) {
	name := nameOf(where)
	kept, err := c.sources.SourcesOf(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(kept) == 0 {
		return nil, c.unknown(name)
	}
	out := make([]VersionInfo, len(kept))
	for i, src := range kept {
		out[i] = versionInfo(src)
	}
	return out, nil
}

func versionInfo(src store.Source) VersionInfo {
	form := pipeline.FormYAML
	if strings.HasSuffix(src.File, pipeline.SuffixJSON) {
		form = pipeline.FormJSON
	}
	return VersionInfo{
		Form: string(form), Version: src.Version, Loaded: src.Until.IsZero(), First: src.First, Last: src.Last, Until: src.Until, Author: cmp.Or(src.Author, "file"),
	}
}

// Version gives a kept version with its text: the only one that begins with the given letters, or the loaded one for
// an empty text.
func (c *catalog) Version(ctx context.Context, where, version string) (VersionInfo, error) {
	all, err := c.History(ctx, where)
	if err != nil {
		return VersionInfo{}, err
	}
	name := nameOf(where)
	var found []string
	for _, v := range all {
		if v.Version == version || version == "" && v.Loaded {
			found = []string{v.Version}
			break
		}
		if version != "" && strings.HasPrefix(v.Version, version) {
			found = append(found, v.Version)
		}
	}
	if len(found) != 1 {
		e := fault.New(fault.PipelineUnknown, "version %q of the pipeline %s is not kept", shorten(version), name)
		if len(found) > 1 {
			e = fault.New(fault.PipelineUnknown, "%d versions of the pipeline %s begin with %s", len(found), name, version)
		}
		return VersionInfo{}, e.WithHint("see `pi pipelines history %s`", name)
	}
	src, err := c.sources.Source(ctx, store.PipelineVersion{Pipeline: name, Version: found[0]})
	if errors.Is(err, store.ErrNotFound) { // pruned meanwhile
		return VersionInfo{}, fault.New(fault.PipelineUnknown, "version %q of the pipeline %s is not kept", found[0], name)
	}
	if err != nil {
		return VersionInfo{}, err
	}
	info := versionInfo(src)
	info.Text = string(src.Text)
	return info, nil
}
