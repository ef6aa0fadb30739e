package world

import (
	"context"
	"errors"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// The most that one pattern of an expression looks at and gives.
const (
	maxScanned = 10_000
	maxMatches = 1000
	maxBytes   = 8 << 20
)

// Properties shows expressions the property store. The caller needs the right to run property.get.
type Properties struct {
	policy    *iam.Policy
	kept      store.Properties
	namespace string
	now       func() time.Time
}

// NewProperties makes the properties of a store visible.
func NewProperties(policy *iam.Policy, kept store.Properties, namespace string, now func() time.Time) *Properties {
	return &Properties{policy, kept, namespace, now}
}

// Property implements expr.Properties.
func (p *Properties) Property(ctx context.Context, caller, path string) (expr.Property, bool, error) {
	if err := may(p.policy, caller, "property.get"); err != nil {
		return expr.Property{}, false, err
	}
	path, err := property.Clean(path, p.namespace)
	if err != nil {
		return expr.Property{}, false, err
	}
	return p.read(ctx, path)
}

func (p *Properties) read(ctx context.Context, path string) (expr.Property, bool, error) {
	kept, err := p.kept.Property(ctx, path)
	if errors.Is(err, store.ErrNotFound) || err == nil && kept.Expired(p.now()) {
		return expr.Property{}, false, nil
	}
	if err != nil {
		return expr.Property{}, false, err
	}
	v, err := value.Decode(kept.Value)
	if err != nil {
		return expr.Property{}, false, fault.Wrap(fault.Internal, err, "reading the value of a property")
	}
	return expr.Property{Path: kept.Path, Type: kept.Type, Value: v, Created: kept.Created, Updated: kept.Updated}, true, nil
}

// Matching implements expr.Properties.
func (p *Properties) Matching(ctx context.Context, caller, pattern string) ([]expr.Property, error) {
	if err := may(p.policy, caller, "property.list"); err != nil {
		return nil, err
	}
	which, err := property.ParsePattern(pattern, p.namespace)
	if err != nil {
		return nil, err
	}
	var out []expr.Property
	bytes := 0
	q := store.PropertyQuery{Prefix: which.Prefix(), Now: p.now(), Limit: maxMatches}
	for scanned := 0; ; {
		page, err := p.kept.Properties(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, found := range page {
			if !which.Match(found.Path) {
				continue
			}
			if bytes += found.Size; len(out) == maxMatches || bytes > maxBytes {
				return nil, fault.New(fault.ExprLimit, "the pattern names more than %d properties or %d bytes", maxMatches, maxBytes)
			}
			read, still, err := p.read(ctx, found.Path)
			if err != nil {
				return nil, err
			}
			if still {
				out = append(out, read)
			}
		}
		if len(page) < q.Limit {
			return out, nil
		}
		if scanned += len(page); scanned >= maxScanned {
			return nil, fault.New(fault.ExprLimit, "the pattern has to look at more than %d properties", maxScanned).WithHint("begin it with a longer path without * and ?")
		}
		q.After = page[len(page)-1].Path
	}
}
