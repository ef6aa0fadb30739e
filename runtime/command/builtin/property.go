package builtin

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// maxProperties is how many properties one command lists or deletes; maxPropertyScan how many it looks at.
const (
	maxProperties   = 1000
	maxPropertyScan = 10_000
)

// errFaster says that another caller changed the property between reading and writing.
var errFaster = errors.New("another caller was faster")

// pathParam describes the path of a property.
func pathParam(name, summary string) command.Param {
	p := command.Param{Name: name, Type: command.TypeText, Required: true, Summary: summary}
	if name == "path" {
		p.Aliases = []string{"key"}
	}
	return p
}

// propertyCommand is a command that works on the property store.
func propertyCommand(d Deps, spec command.Spec, run func(ctx context.Context, w propertyWork) (command.Result, error)) command.Definition {
	return command.Definition{Spec: spec, Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
		if d.Properties == nil {
			return command.Result{}, missing("property store")
		}
		return run(ctx, propertyWork{d, call})
	})}
}

// propertyWork is one call of such a command.
type propertyWork struct {
	d    Deps
	call command.Call
}

// path gives the parameter of that name as a clean path.
func (w propertyWork) path(name string) (string, error) {
	text, _ := w.call.Args[name].(string)
	path, err := property.Clean(text, w.d.Namespace)
	if err != nil {
		return "", fault.Wrap(fault.CodeOf(err), err, "reading parameter %q", name).WithHint("%s", fault.HintOf(err))
	}
	return path, nil
}

// find gives the property at a path. One that has expired counts as none; its revision is needed to put
// another one in its place.
func (w propertyWork) find(ctx context.Context, path string) (p property.Property, found bool, revision int64, err error) {
	p, err = w.d.Properties.Property(ctx, path)
	if errors.Is(err, store.ErrNotFound) {
		return property.Property{}, false, 0, nil
	}
	if err != nil {
		return property.Property{}, false, 0, err
	}
	return p, !p.Expired(w.d.Now()), p.Revision, nil
}

// need is find for a property that has to be there.
func (w propertyWork) need(ctx context.Context, path string) (property.Property, error) {
	p, found, _, err := w.find(ctx, path)
	if err == nil && !found {
		err = fault.New(fault.PropertyUnknown, "there is no property at this path").WithHint("property.schema.put makes one")
	}
	return p, err
}

// change does what reads and then writes, again when another caller was faster in between.
func (w propertyWork) change(try func() error) error {
	for range 10 {
		if err := try(); !errors.Is(err, errFaster) {
			return err
		}
	}
	return fault.Wrap(fault.StoreUnavailable, errFaster, "changing a property").WithRetry(0)
}

// put keeps p and says who may listen what changed. was is nil where there was none.
func (w propertyWork) put(ctx context.Context, key string, was *property.Property, p property.Property) (property.Property, error) {
	e, err := w.event(key, was, &p)
	if err != nil {
		return p, err
	}
	kept, err := w.d.Properties.PutProperty(ctx, p)
	if err == nil && !kept {
		err = errFaster
	}
	if err == nil {
		err = w.emit(ctx, e)
	}
	return p, err
}

// event makes the event of a change. It is made before the change, so that a circle of events ends here.
func (w propertyWork) event(key string, origin, target *property.Property) (event.Event, error) {
	payload := map[string]any{"origin": nil, "target": nil}
	for name, p := range map[string]*property.Property{"origin": origin, "target": target} {
		if p == nil {
			continue
		}
		v, err := viewOf(*p)
		if err != nil {
			return event.Event{}, err
		}
		payload[name] = v
	}
	return w.eventOf(key, payload)
}

func (w propertyWork) eventOf(key string, payload any) (event.Event, error) {
	if w.d.Emit == nil {
		return event.Event{}, missing("event store")
	}
	call := w.call
	call.Args = map[string]any{"key": key, "payload": payload}
	return follow(w.d, call)
}

func (w propertyWork) emit(ctx context.Context, e event.Event) error {
	_, err := w.d.Emit(ctx, e)
	return err
}

// encode gives a value as it is kept, and the type for it where none is given. A text of JSON is read where
// the type asks for that: a command line has only texts.
func encode(v any, contentType string) (text []byte, media string, err error) {
	if written, isText := v.(string); isText && contentType == "application/json" {
		if read, err := value.Decode([]byte(written)); err == nil {
			v = read
		}
	}
	if text, err = value.AppendJSON(nil, v); err != nil {
		return nil, "", fault.Wrap(fault.CommandType, err, "encoding the value")
	}
	if len(text) > property.MaxValue {
		return nil, "", fault.New(fault.PropertyInvalid, "the value has more than %d bytes", property.MaxValue)
	}
	if contentType == "" {
		contentType = "application/json"
		if _, isText := v.(string); isText {
			contentType = "text/plain"
		}
	}
	if _, _, err := mime.ParseMediaType(contentType); err != nil || len(contentType) > property.MaxType {
		return nil, "", fault.New(fault.PropertyInvalid, "the type is not a content type").WithHint("write for example application/json")
	}
	return text, contentType, nil
}

// viewOf shows a property to pipelines.
func viewOf(p property.Property) (map[string]any, error) {
	out := map[string]any{
		"path": p.Path, "uuid": p.UUID, "type": p.Type, "created": iso(p.Created), "updated": iso(p.Updated), "expires": iso(p.Expires),
	}
	if p.Value == nil {
		out["size"] = p.Size
		return out, nil
	}
	v, err := value.Decode(p.Value)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "reading the value of a property")
	}
	out["value"] = v
	return out, nil
}

func iso(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// same reports whether two properties differ in nothing but their times and revision.
func same(a, b *property.Property) bool {
	return bytes.Equal(a.Value, b.Value) && a.Type == b.Type && a.Expires.Equal(b.Expires)
}

// each calls do for the properties that a pattern names, in the order of their paths, without their values,
// until do says that it is enough.
func (w propertyWork) each(ctx context.Context, pattern string, do func(property.Property) (more bool, err error)) error {
	which, err := property.ParsePattern(pattern, w.d.Namespace)
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "reading parameter %q", "pattern").WithHint("%s", fault.HintOf(err))
	}
	q := store.PropertyQuery{Prefix: which.Prefix(), Now: w.d.Now(), Limit: maxProperties}
	for scanned := 0; ; {
		page, err := w.d.Properties.Properties(ctx, q)
		if err != nil {
			return err
		}
		for _, p := range page {
			if !which.Match(p.Path) {
				continue
			}
			if more, err := do(p); err != nil || !more {
				return err
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		if scanned += len(page); scanned >= maxPropertyScan {
			return fault.New(fault.PropertyInvalid, "the pattern has to look at more than %d properties", maxPropertyScan).
				WithHint("begin it with a longer path without * and ?")
		}
		q.After = page[len(page)-1].Path
	}
}
