package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// propertyPut changes the value of a property that is there.
func propertyPut(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.put",
		Aliases: []string{"property.value.put"},
		Summary: "Changes the value of a property.",
		Params: []command.Param{
			pathParam("path", "Path of the property."),
			{Name: "value", Type: command.TypeAny, Summary: "The new value; default is the body."},
		},
		Effect: true,
		Errors: []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title:    "a new value",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/limit, value: 10}\n  - property.put:\n      path: global/app/shop/limit\n      value: 20\n  - property.value.get: global/app/shop/limit\n",
				Want:     `20`,
			},
			{
				Title:    "the body",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/last, output: vars.kept}\n  - property.put: {path: global/app/shop/last}\n  - property.value.get: global/app/shop/last\n  - set: ${body.id}\n",
				Body:     `{"id":7}`,
				Want:     `7`,
			},
			{
				Title:    "there is none",
				Pipeline: "pipeline:\n  - property.put: {path: global/app/shop/none, value: 1}\n",
				WantCode: "property.unknown",
			},
		},
	}, putValue)
}

func putValue(ctx context.Context, w propertyWork) (command.Result, error) {
	path, err := w.path("path")
	if err != nil {
		return command.Result{}, err
	}
	v, given := w.call.Args["value"]
	if !given {
		v = w.call.Body
	}
	return command.Result{}, w.change(func() error {
		was, err := w.need(ctx, path)
		if err != nil {
			return err
		}
		next := was
		if next.Value, next.Type, err = encode(v, was.Type); err != nil || same(&was, &next) {
			return err
		}
		next.Updated = w.d.Now()
		_, err = w.put(ctx, "property.updated", &was, next)
		return err
	})
}
