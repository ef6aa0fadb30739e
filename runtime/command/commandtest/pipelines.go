package commandtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// stored keeps the texts of pipelines as a server does, but judges nothing.
type stored struct {
	mu   sync.Mutex
	kept map[string]builtin.StoredPipeline
}

func nameOf(where string) string { return strings.ReplaceAll(where, "/", ".") }

func (s *stored) PutPipeline(_ context.Context, _, where string, text []byte, _ bool, match string) (builtin.StoredPipeline, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, there := s.kept[nameOf(where)]
	if match != "" && match != before.Version && (match != "-" || there) && (match != "*" || !there) {
		return before, false, fault.New(fault.PipelineChanged, "the pipeline has the version %s now", before.Version)
	}
	if s.kept == nil {
		s.kept = map[string]builtin.StoredPipeline{}
	}
	now := builtin.StoredPipeline{Name: nameOf(where), Version: pipeline.VersionOf(text), Text: text}
	s.kept[now.Name] = now
	return now, !there, nil
}

func (s *stored) GetPipeline(where string) (builtin.StoredPipeline, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, there := s.kept[nameOf(where)]
	if !there {
		return p, fault.New(fault.PipelineUnknown, "there is no pipeline %q", nameOf(where))
	}
	return p, nil
}

func (s *stored) Pipelines() (all []builtin.StoredPipeline, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.kept)) {
		all = append(all, s.kept[name])
	}
	return all, nil
}

func (s *stored) DeletePipeline(_ context.Context, _, where, match string, _ bool) error {
	p, err := s.GetPipeline(where)
	if err != nil {
		return err
	}
	if match != "" && match != p.Version {
		return fault.New(fault.PipelineChanged, "the pipeline has the version %s now", p.Version)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, p.Name)
	return nil
}
