package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// propertyGet reads a whole property.
func propertyGet(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:      "property.get",
		Summary:   "Reads a property with its type and times.",
		Params:    []command.Param{pathParam("path", "Path of the property.")},
		Shorthand: "path",
		Result:    "A map of path, uuid, type, value, created, updated and expires; null when there is none.",
		Errors:    []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title:    "one that is there",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/name, value: Demo}\n  - property.get: global/app/shop/name\n  - set: \"${body.value} (${body.type})\"\n",
				Want:     `"Demo (text/plain)"`,
			},
			{
				Title:    "none",
				Pipeline: "pipeline:\n  - property.get: global/app/shop/none\n",
				Want:     `null`,
			},
		},
	}, func(ctx context.Context, w propertyWork) (command.Result, error) {
		v, _, err := w.view(ctx)
		if v == nil || err != nil {
			return command.Value(nil), err
		}
		return command.Value(v), nil
	})
}

// propertyValueGet reads the value alone.
func propertyValueGet(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:      "property.value.get",
		Summary:   "Reads the value of a property.",
		Params:    []command.Param{pathParam("path", "Path of the property.")},
		Shorthand: "path",
		Result:    "The value; null when there is none.",
		Errors:    []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title:    "a map",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/prices, value: {tea: 3}}\n  - property.value.get: global/app/shop/prices\n",
				Want:     `{"tea":3}`,
			},
			{
				Title:    "none",
				Pipeline: "pipeline:\n  - property.value.get: global/app/shop/none\n  - set: \"${body ?? 'nothing'}\"\n",
				Want:     `"nothing"`,
			},
		},
	}, func(ctx context.Context, w propertyWork) (command.Result, error) {
		v, _, err := w.view(ctx)
		return command.Value(v["value"]), err
	})
}

// propertyExists says whether there is one.
func propertyExists(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:      "property.exists",
		Summary:   "Says whether there is a property at a path.",
		Params:    []command.Param{pathParam("path", "Path of the property.")},
		Shorthand: "path",
		Result:    "true or false.",
		Errors:    []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title:    "one that is there",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/open, value: false}\n  - property.exists: global/app/shop/open\n",
				Want:     `true`,
			},
			{
				Title:    "none",
				Pipeline: "pipeline:\n  - property.exists: global/app/shop/none\n",
				Want:     `false`,
			},
		},
	}, func(ctx context.Context, w propertyWork) (command.Result, error) {
		_, found, err := w.view(ctx)
		return command.Value(found), err
	})
}

// view reads the property that the parameter path names; nil when there is none.
func (w propertyWork) view(ctx context.Context) (v map[string]any, found bool, err error) {
	path, err := w.path("path")
	if err != nil {
		return nil, false, err
	}
	p, found, _, err := w.find(ctx, path)
	if err != nil || !found {
		return nil, false, err
	}
	v, err = viewOf(p)
	return v, true, err
}
