package sqlite

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

const (
	sourceHead    = `pipeline, version, file, author, first, last, until`
	sourceColumns = sourceHead + `, text`
)

// ChangeSources implements store.Sources.
func (s *Store) ChangeSources(ctx context.Context, c store.SourceChange) error {
	size := 0
	for _, in := range c.In {
		size += len(in.Text)
	}
	c.In, c.Out = slices.Clone(c.In), slices.Clone(c.Out) // the caller may change its own when ctx ends early
	at := toMicros(c.At)
	return s.write(ctx, size, func(w *writer) error {
		for _, out := range c.Out {
			if _, err := w.sql.sourceOut.run(at, out.Pipeline, out.Version); err != nil {
				return err
			}
		}
		for _, in := range c.In {
			if _, err := w.sql.sourceIn.run(in.Pipeline, in.Version, in.File, in.Author, at, at, in.Text); err != nil {
				return err
			}
		}
		return nil
	})
}

// Source implements store.Sources.
func (s *Store) Source(ctx context.Context, v store.PipelineVersion) (store.Source, error) {
	return one(ctx, s, "reading a version of a pipeline", scanSource,
		`SELECT `+sourceColumns+` FROM sources WHERE pipeline = ? AND version = ?`, v.Pipeline, v.Version)
}

// SourceAt implements store.Sources.
func (s *Store) SourceAt(ctx context.Context, pipeline string, at time.Time) (store.Source, error) {
	us := toMicros(at)
	return one(ctx, s, "reading a version of a pipeline", scanSource,
		`SELECT `+sourceColumns+` FROM sources WHERE pipeline = ? AND first < ? AND (until = 0 OR until >= ?)
			ORDER BY until = 0, until LIMIT 1`, pipeline, us, us)
}

// SourcesOf implements store.Sources.
func (s *Store) SourcesOf(ctx context.Context, pipeline string) ([]store.Source, error) {
	return list(ctx, s, "listing the versions of a pipeline", scanSourceHead,
		`SELECT `+sourceHead+` FROM sources WHERE pipeline = ? ORDER BY last DESC, until = 0 DESC, until DESC, version`, pipeline)
}

// LoadedSources implements store.Sources.
func (s *Store) LoadedSources(ctx context.Context) ([]store.Source, error) {
	return list(ctx, s, "listing the loaded pipelines", scanSource,
		`SELECT `+sourceColumns+` FROM sources WHERE until = 0 ORDER BY pipeline, version`)
}

// PruneSources implements store.Sources.
func (s *Store) PruneSources(ctx context.Context, p store.SourcePrune) (int, error) {
	most := int64(p.Most)
	if most <= 0 {
		most = math.MaxInt64
	}
	for total := 0; ; {
		n, err := s.prune(ctx, func(w *writer) (int64, error) {
			return w.sql.pruneSources.run(toMicros(p.After), toMicros(p.Before), most, int64(pruneBatch))
		})
		total += int(n)
		if err != nil || n < pruneBatch {
			return total, err
		}
	}
}

func scanSource(row scanner) (v store.Source, err error) {
	err = readSource(row, &v, &v.Text)
	return v, err
}

func scanSourceHead(row scanner) (v store.Source, err error) {
	err = readSource(row, &v)
	return v, err
}

func readSource(row scanner, v *store.Source, more ...any) error {
	var first, last, until int64
	dest := append([]any{&v.Pipeline, &v.Version, &v.File, &v.Author, &first, &last, &until}, more...)
	if err := row.Scan(dest...); err != nil {
		return err
	}
	v.First, v.Last, v.Until = fromMicros(first), fromMicros(last), fromMicros(until)
	return nil
}
