package sqlite

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

// Schedules implements store.Schedules.
func (s *Store) Schedules(ctx context.Context) ([]store.Schedule, error) {
	return list(ctx, s, "listing schedules", scanSchedule, `SELECT name, spec, next, last FROM schedules ORDER BY name`)
}

func scanSchedule(row scanner) (s store.Schedule, err error) {
	var next, last int64
	err = row.Scan(&s.Name, &s.Spec, &next, &last)
	s.Next, s.Last = fromMicros(next), fromMicros(last)
	return s, err
}

// MoveSchedule implements store.Schedules.
func (s *Store) MoveSchedule(ctx context.Context, to store.Schedule, was time.Time) (moved bool, err error) {
	var changed int64 // read only when the writer has let go of it
	err = s.write(ctx, 0, func(w *writer) (err error) {
		if was.IsZero() {
			changed, err = w.sql.addSchedule.run(to.Name, to.Spec, toMicros(to.Next), toMicros(to.Last))
			return err
		}
		changed, err = w.sql.moveSchedule.run(to.Spec, toMicros(to.Next), toMicros(to.Last), to.Name, toMicros(was))
		return err
	})
	return err == nil && changed > 0, err
}

// DeleteSchedule implements store.Schedules.
func (s *Store) DeleteSchedule(ctx context.Context, name string) error {
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.sql.deleteSchedule.run(name)
		return err
	})
}
