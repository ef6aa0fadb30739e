package sqlite

import (
	"context"
	"math"

	"github.com/penstock/penstock/runtime/store"
)

const eventColumns = `seq, id, key, data, time, settled`

func scanEvent(row scanner) (e store.Event, err error) {
	var at, settled int64
	err = row.Scan(&e.Seq, &e.ID, &e.Key, &e.Data, &at, &settled)
	e.Time, e.Settled = fromMicros(at), fromMicros(settled)
	return e, err
}

// Event implements store.Events.
func (s *Store) Event(ctx context.Context, id string) (store.Event, error) {
	return one(ctx, s, "reading an event", scanEvent, `SELECT `+eventColumns+` FROM events WHERE id = ?`, id)
}

// Raw implements store.Events.
func (s *Store) Raw(ctx context.Context, id string) ([]byte, error) {
	return one(ctx, s, "reading what came in", func(row scanner) (raw []byte, err error) {
		err = row.Scan(&raw)
		return raw, err
	}, `SELECT raw FROM events WHERE id = ?`, id)
}

// Events implements store.Events. A key that few events have is looked for through all of them.
func (s *Store) Events(ctx context.Context, q store.EventQuery) ([]store.Event, error) {
	if q.Before <= 0 {
		q.Before = math.MaxInt64
	}
	return list(ctx, s, "listing events", scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE seq < ?1 AND (?2 = '' OR key = ?2) ORDER BY seq DESC LIMIT ?3`,
		q.Before, q.Key, limitOf(q.Limit))
}

// Unsettled implements store.Events.
func (s *Store) Unsettled(ctx context.Context, after int64, limit int) ([]store.Event, error) {
	return list(ctx, s, "listing unsettled events", scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE settled < 0 AND seq > ? ORDER BY seq LIMIT ?`, after, limitOf(limit))
}
