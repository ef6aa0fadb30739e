package app

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// stored gives the catalog to the commands pipeline.put, pipeline.get and pipeline.delete. It implements
// builtin.Pipelines.
type stored struct{ catalog *catalog }

var _ builtin.Pipelines = stored{}

func shownText(t PipelineText) builtin.StoredPipeline {
	return builtin.StoredPipeline{Name: t.Name, Version: t.Version, Text: t.Text}
}

// PutPipeline implements builtin.Pipelines.
func (s stored) PutPipeline(ctx context.Context, identity, where string, text []byte, isJSON bool, match string) (builtin.StoredPipeline, bool, error) {
	form := pipeline.FormYAML
	if isJSON {
		form = pipeline.FormJSON
	}
	now, created, err := s.catalog.Put(ctx, identity, where, form, text, match)
	var list fault.List
	if errors.As(err, &list) && len(list) > 0 { // a command has one fault
		first := list[0]
		if len(list) > 1 {
			first = first.WithHint("mend this first; there are %d more faults", len(list)-1)
		}
		err = fault.Wrap(first.Code, first, "storing the pipeline")
	}
	return shownText(now), created, err
}

// GetPipeline implements builtin.Pipelines.
func (s stored) GetPipeline(where string) (builtin.StoredPipeline, error) {
	t, err := s.catalog.Get(where)
	return shownText(t), err
}

// Pipelines implements builtin.Pipelines.
func (s stored) Pipelines() ([]builtin.StoredPipeline, error) {
	all, err := s.catalog.All()
	out := make([]builtin.StoredPipeline, len(all))
	for i, t := range all {
		out[i] = shownText(t)
	}
	return out, err
}

// DeletePipeline implements builtin.Pipelines.
func (s stored) DeletePipeline(ctx context.Context, identity, where, match string, force bool) error {
	return s.catalog.Delete(ctx, identity, where, match, force)
}

// All reads the texts of all stored pipelines, by name.
func (c *catalog) All() (all []PipelineText, err error) {
	root, err := os.OpenRoot(c.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.PipelineRead, plain(err), "opening the pipeline directory")
	}
	defer root.Close()
	files := filesOf(root)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t, err := c.textOf(root, name, files[name])
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
