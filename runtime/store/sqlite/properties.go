package sqlite

import (
	"context"

	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
)

// Property implements store.Properties.
func (s *Store) Property(ctx context.Context, path string) (property.Property, error) {
	return one(ctx, s, "reading a property", scanProperty,
		`SELECT path, revision, uuid, type, created, updated, expires, length(value), value FROM properties WHERE path = ?`, path)
}

// Properties implements store.Properties.
func (s *Store) Properties(ctx context.Context, q store.PropertyQuery) ([]property.Property, error) {
	return list(ctx, s, "listing properties", scanProperty, `SELECT path, revision, uuid, type, created, updated, expires, length(value), NULL
		FROM properties WHERE path >= ?1 AND path < ?2 AND path > ?3 AND (expires = 0 OR expires > ?4) ORDER BY path LIMIT ?5`,
		q.Prefix, q.Prefix+"\x7f", q.After, toMicros(q.Now), limitOf(q.Limit)) // paths are ASCII without control characters
}

func scanProperty(row scanner) (p property.Property, err error) {
	var created, updated, expires int64
	err = row.Scan(&p.Path, &p.Revision, &p.UUID, &p.Type, &created, &updated, &expires, &p.Size, &p.Value)
	p.Created, p.Updated, p.Expires = fromMicros(created), fromMicros(updated), fromMicros(expires)
	return p, err
}

// PutProperty implements store.Properties.
func (s *Store) PutProperty(ctx context.Context, p property.Property) (bool, error) {
	created, updated, expires := toMicros(p.Created), toMicros(p.Updated), toMicros(p.Expires)
	return s.changes(ctx, len(p.Value), func(w *writer) (int64, error) {
		if p.Revision == 0 {
			return w.sql.addProperty.run(p.Path, p.UUID, p.Type, created, updated, expires, p.Value)
		}
		return w.sql.changeProperty.run(p.UUID, p.Type, created, updated, expires, p.Value, p.Path, p.Revision)
	})
}

// MoveProperty implements store.Properties.
func (s *Store) MoveProperty(ctx context.Context, m store.PropertyMove) (bool, error) {
	return s.changes(ctx, 0, func(w *writer) (int64, error) {
		return w.sql.moveProperty.run(m.To, toMicros(m.At), m.From, m.Revision)
	})
}

// DeleteProperty implements store.Properties.
func (s *Store) DeleteProperty(ctx context.Context, path string, revision int64) (bool, error) {
	return s.changes(ctx, 0, func(w *writer) (int64, error) { return w.sql.deleteProperty.run(path, revision) })
}

// changes writes and reports whether a row was changed.
func (s *Store) changes(ctx context.Context, size int, apply func(*writer) (int64, error)) (bool, error) {
	var changed int64 // read only when the writer has let go of it
	err := s.write(ctx, size, func(w *writer) (err error) {
		changed, err = apply(w)
		return err
	})
	return err == nil && changed > 0, err
}
