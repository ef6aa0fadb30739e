package sqlite

import (
	"context"

	"github.com/penstock/penstock/runtime/store"
)

// CloseDead implements store.Runs.
func (s *Store) CloseDead(ctx context.Context, eventID, pipeline, how string) error {
	var changed int64 // read only when the writer has let go of it
	err := s.write(ctx, 0, func(w *writer) (err error) {
		changed, err = w.sql.closeDead.run(how, eventID, pipeline)
		return err
	})
	if err == nil && changed == 0 {
		return store.ErrNotFound
	}
	return err
}

// OpenVersions implements store.Runs.
func (s *Store) OpenVersions(ctx context.Context) ([]store.PipelineVersion, error) {
	return list(ctx, s, "listing the versions of unfinished runs", func(row scanner) (v store.PipelineVersion, err error) {
		err = row.Scan(&v.Pipeline, &v.Version)
		return v, err
	}, `SELECT DISTINCT pipeline, version FROM runs WHERE status IN ('running', 'waiting') ORDER BY pipeline, version`)
}
