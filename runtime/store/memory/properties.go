package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
)

// Properties keeps properties. The zero Properties is empty; it may be used from many goroutines.
type Properties struct {
	mu   sync.Mutex
	kept map[string]property.Property
}

// Property implements store.Properties.
func (m *Properties) Property(ctx context.Context, path string) (property.Property, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.kept[path]
	if !found && ctx.Err() == nil {
		return p, store.ErrNotFound
	}
	return p, ctx.Err()
}

// Properties implements store.Properties.
func (m *Properties) Properties(ctx context.Context, q store.PropertyQuery) ([]property.Property, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var out []property.Property
	for _, path := range slices.Sorted(maps.Keys(m.kept)) {
		p := m.kept[path]
		if len(out) < q.Limit && strings.HasPrefix(path, q.Prefix) && path > q.After && !p.Expired(q.Now) {
			p.Value = nil
			out = append(out, p)
		}
	}
	return out, ctx.Err()
}

// PutProperty implements store.Properties.
func (m *Properties) PutProperty(ctx context.Context, p property.Property) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil || m.kept[p.Path].Revision != p.Revision {
		return false, err
	}
	if m.kept == nil {
		m.kept = map[string]property.Property{}
	}
	p.Revision++
	p.Value, p.Size = bytes.Clone(p.Value), len(p.Value)
	m.kept[p.Path] = p
	return true, nil
}

// MoveProperty implements store.Properties.
func (m *Properties) MoveProperty(ctx context.Context, move store.PropertyMove) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.kept[move.From]
	_, taken := m.kept[move.To]
	if err := ctx.Err(); err != nil || !found || taken || p.Revision != move.Revision {
		return false, err
	}
	delete(m.kept, move.From)
	p.Path, p.Updated = move.To, move.At
	p.Revision++
	m.kept[move.To] = p
	return true, nil
}

// DeleteProperty implements store.Properties.
func (m *Properties) DeleteProperty(ctx context.Context, path string, revision int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.kept[path]
	if err := ctx.Err(); err != nil || !found || p.Revision != revision {
		return false, err
	}
	delete(m.kept, path)
	return true, nil
}
