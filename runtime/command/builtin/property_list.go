package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
)

// propertyList lists properties without their values.
func propertyList(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.list",
		Summary: "Lists properties by a pattern, in the order of their paths, without their values.",
		Params: []command.Param{
			{Name: "pattern", Type: command.TypeText, Default: "**", Summary: "Which ones: ? is a character, * any number of them within a segment, ** any number of segments."},
			{Name: "offset", Type: command.TypeNumber, Default: 0, Summary: "How many are left out at the beginning."},
			{Name: "limit", Type: command.TypeNumber, Default: 100, Summary: "How many are listed, 1000 at most."},
		},
		Shorthand: "pattern",
		Result:    "A list of maps of path, uuid, type, size, created, updated and expires.",
		Errors:    []fault.Code{fault.PropertyInvalid},
		Examples: []command.Example{
			{
				Title: "the paths of one level",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/a, value: 1}\n  - property.schema.put: {path: global/app/shop/b, value: 2}\n" +
					"  - property.schema.put: {path: global/app/shop/deep/c, value: 3}\n  - property.list: global/app/shop/*\n  - set: ${body.![path]}\n",
				Want: `["global/app/shop/a","global/app/shop/b"]`,
			},
			{
				Title: "a page of all",
				Pipeline: "pipeline:\n  - property.schema.put: {path: a, value: 1}\n  - property.schema.put: {path: b/c, value: 2}\n" +
					"  - property.list: {offset: 1, limit: 1}\n  - set: ${body.![path]}\n",
				Want: `["b/c"]`,
			},
			{
				Title:    "a pattern that is none",
				Pipeline: "pipeline:\n  - property.list: \"a/[b]\"\n",
				WantCode: "property.invalid",
			},
		},
	}, listProperties)
}

func listProperties(ctx context.Context, w propertyWork) (command.Result, error) {
	offset, limit := w.call.Args["offset"], w.call.Args["limit"]
	skip, isWhole := offset.(int)
	if !isWhole || skip < 0 {
		return command.Result{}, fault.New(fault.CommandType, "parameter %q must be a whole number from 0", "offset")
	}
	most, isWhole := limit.(int)
	if !isWhole || most < 1 || most > maxProperties {
		return command.Result{}, fault.New(fault.CommandType, "parameter %q must be a whole number from 1 to %d", "limit", maxProperties)
	}
	list := []any{}
	pattern, _ := w.call.Args["pattern"].(string)
	err := w.each(ctx, pattern, func(p property.Property) (bool, error) {
		if skip > 0 {
			skip--
			return true, nil
		}
		v, err := viewOf(p)
		list = append(list, v)
		return len(list) < most, err
	})
	return command.Value(list), err
}
