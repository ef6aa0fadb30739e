package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/penstock/penstock/runtime/store"
)

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }

const defaultLimit = 50

func limitOf(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return limit
}

// reader gives the prepared form of a query, made at its first use.
func (s *Store) reader(ctx context.Context, query string) (*sql.Stmt, error) {
	if p, ok := s.prepared.Load(query); ok {
		return p.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is stored
	}
	p, err := s.reads.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, taken := s.prepared.LoadOrStore(query, p); taken {
		_ = p.Close()                 //nolint:sqlclosecheck // the other one serves
		return first.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is stored
	}
	return p, nil
}

// list reads all rows of a query.
func list[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed.Load() {
		return nil, closedFault()
	}
	p, err := s.reader(ctx, query) //nolint:sqlclosecheck // it is kept, and closed with the store
	if err != nil {
		return nil, readFault(err, doing)
	}
	rows, err := p.QueryContext(ctx, args...)
	if err != nil {
		return nil, readFault(err, doing)
	}
	defer rows.Close() //nolint:errcheck // Err tells what went wrong
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, readFault(err, doing)
		}
		out = append(out, v)
	}
	return out, readFault(rows.Err(), doing)
}

// one reads the only row of a query; store.ErrNotFound when there is none.
func one[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var none T
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed.Load() {
		return none, closedFault()
	}
	p, err := s.reader(ctx, query) //nolint:sqlclosecheck // it is kept, and closed with the store
	if err != nil {
		return none, readFault(err, doing)
	}
	v, err := scan(p.QueryRowContext(ctx, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return none, store.ErrNotFound
	case err != nil:
		return none, readFault(err, doing)
	}
	return v, nil
}
