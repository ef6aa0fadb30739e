package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
)

// propertyDelete deletes what a pattern names.
func propertyDelete(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.delete",
		Summary: "Deletes properties.",
		Params: []command.Param{
			{Name: "pattern", Type: command.TypeText, Required: true, Aliases: []string{"path"}, Summary: "Path of one, or a pattern for up to 1000."},
		},
		Shorthand: "pattern",
		Result:    "How many were deleted.",
		Effect:    true,
		Errors:    []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title: "some",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/a, value: 1}\n  - property.schema.put: {path: global/app/shop/b, value: 2}\n" +
					"  - property.delete: global/app/shop/*\n",
				Want: `2`,
			},
			{
				Title:    "none",
				Pipeline: "pipeline:\n  - property.delete: global/app/shop/none\n",
				Want:     `0`,
			},
		},
	}, deleteProperties)
}

func deleteProperties(ctx context.Context, w propertyWork) (command.Result, error) {
	pattern, _ := w.call.Args["pattern"].(string)
	var paths []string
	err := w.each(ctx, pattern, func(p property.Property) (bool, error) {
		if len(paths) == maxProperties {
			return false, fault.New(fault.PropertyInvalid, "the pattern names more than %d properties", maxProperties)
		}
		paths = append(paths, p.Path)
		return true, nil
	})
	if err != nil {
		return command.Result{}, err
	}
	deleted := 0
	for _, path := range paths {
		if err := w.change(func() error {
			p, found, _, err := w.find(ctx, path)
			if err != nil || !found {
				return err
			}
			e, err := w.event("property.deleted", &p, nil)
			if err != nil {
				return err
			}
			gone, err := w.d.Properties.DeleteProperty(ctx, path, p.Revision)
			if err != nil {
				return err
			}
			if !gone {
				return errFaster
			}
			deleted++
			return w.emit(ctx, e)
		}); err != nil {
			return command.Result{}, err
		}
	}
	return command.Value(deleted), nil
}
