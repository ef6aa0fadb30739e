package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
)

// propertyMove gives a property another path.
func propertyMove(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.move",
		Summary: "Gives a property another path.",
		Params:  []command.Param{pathParam("path", "Path of the property."), pathParam("to", "Its new path, where no other one is.")},
		Effect:  true,
		Errors:  []fault.Code{fault.PropertyInvalid, fault.PropertyExists},
		Examples: []command.Example{
			{
				Title: "another path",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/a, value: 1}\n  - property.move: {path: global/app/shop/a, to: global/app/shop/b}\n" +
					"  - property.value.get: global/app/shop/b\n",
				Want: `1`,
			},
			{
				Title:    "there is none",
				Pipeline: "pipeline:\n  - property.move: {path: global/app/shop/none, to: global/app/shop/b}\n",
				WantCode: "property.unknown",
			},
		},
	}, func(ctx context.Context, w propertyWork) (command.Result, error) {
		return command.Result{}, w.fromTo(ctx, func(p property.Property, to string) error {
			e, err := w.eventOf("property.moved", map[string]any{"origin": p.Path, "target": to})
			if err != nil {
				return err
			}
			moved, err := w.d.Properties.MoveProperty(ctx, store.PropertyMove{From: p.Path, To: to, Revision: p.Revision, At: w.d.Now()})
			if err != nil {
				return err
			}
			if !moved {
				return errFaster
			}
			return w.emit(ctx, e)
		})
	})
}

// propertyCopy makes another property of the same value.
func propertyCopy(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.copy",
		Summary: "Makes a property with value, type and time to live of another one.",
		Params:  []command.Param{pathParam("path", "Path of the property."), pathParam("to", "Path of the copy, where no other one is.")},
		Effect:  true,
		Errors:  []fault.Code{fault.PropertyInvalid, fault.PropertyUnknown},
		Examples: []command.Example{
			{
				Title: "a copy",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/a, value: 1}\n  - property.copy: {path: global/app/shop/a, to: global/app/shop/b}\n" +
					"  - property.list: global/app/shop/*\n  - set: ${body.![path]}\n",
				Want: `["global/app/shop/a","global/app/shop/b"]`,
			},
			{
				Title: "the path is taken",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/a, value: 1}\n  - property.schema.put: {path: global/app/shop/b, value: 2}\n" +
					"  - property.copy: {path: global/app/shop/a, to: global/app/shop/b}\n",
				WantCode: "property.exists",
			},
		},
	}, func(ctx context.Context, w propertyWork) (command.Result, error) {
		return command.Result{}, w.fromTo(ctx, func(p property.Property, to string) error {
			next := p
			next.Path, next.Revision, next.UUID = to, 0, event.NewID(w.d.Now())
			next.Created, next.Updated = w.d.Now(), w.d.Now()
			_, err := w.put(ctx, "property.copied", &p, next)
			return err
		})
	})
}

// fromTo finds the property at path and sees that nothing is at to; what has expired there is taken away.
func (w propertyWork) fromTo(ctx context.Context, do func(p property.Property, to string) error) error {
	from, err := w.path("path")
	if err != nil {
		return err
	}
	to, err := w.path("to")
	if err != nil {
		return err
	}
	return w.change(func() error {
		p, err := w.need(ctx, from)
		if err != nil {
			return err
		}
		_, taken, revision, err := w.find(ctx, to)
		if err != nil {
			return err
		}
		if taken {
			return fault.New(fault.PropertyExists, "there is a property at the path of parameter %q", "to")
		}
		if revision > 0 {
			if _, err := w.d.Properties.DeleteProperty(ctx, to, revision); err != nil {
				return err
			}
		}
		return do(p, to)
	})
}
