package builtin

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
)

// propertySchemaPut makes a property, or changes all of one.
func propertySchemaPut(d Deps) command.Definition {
	return propertyCommand(d, command.Spec{
		Name:    "property.schema.put",
		Summary: "Makes a property, or changes value, type and time to live of one.",
		Params: []command.Param{
			pathParam("path", "Path of the property, such as global/app/shop/limit."),
			{Name: "value", Type: command.TypeAny, Summary: "Its value; default is null for a new one, and what it was for another."},
			{Name: "type", Type: command.TypeText, Summary: "Its content type; default is text/plain for a text, else application/json. With application/json a text of JSON is read."},
			{Name: "ttl", Type: command.TypeNumber, Aliases: []string{"timeToLive"}, Summary: "Minutes after which it is gone; 0 is never, which is the default of a new one."},
			{Name: "existStrategy", Type: command.TypeText, Default: "update", Enum: []string{"update", "skip", "error"}, Summary: "What happens to one that is there already."},
		},
		Result: "A map of result (create, update or skip), path and uuid.",
		Effect: true,
		Errors: []fault.Code{fault.PropertyInvalid, fault.PropertyExists},
		Examples: []command.Example{
			{
				Title:    "a new one",
				Pipeline: "pipeline:\n  - property.schema.put:\n      path: global/app/shop/limit\n      value: 10\n  - set: ${body.result}\n",
				Want:     `"create"`,
			},
			{
				Title: "one that is there stays",
				Pipeline: "pipeline:\n  - property.schema.put: {path: global/app/shop/limit, value: 10}\n" +
					"  - property.schema.put: {path: global/app/shop/limit, value: 20, existStrategy: skip, output: vars.done}\n  - property.value.get: global/app/shop/limit\n  - set: [\"${vars.done.result}\", \"${body}\"]\n",
				Want: `["skip",10]`,
			},
			{
				Title:    "a path that is none",
				Pipeline: "pipeline:\n  - property.schema.put: {path: ../shop, value: 1}\n",
				WantCode: "property.invalid",
			},
		},
	}, schemaPut)
}

func schemaPut(ctx context.Context, w propertyWork) (command.Result, error) {
	path, err := w.path("path")
	if err != nil {
		return command.Result{}, err
	}
	var done command.Result
	err = w.change(func() error {
		was, found, revision, err := w.find(ctx, path)
		if err != nil {
			return err
		}
		if !found {
			was = property.Property{}
		}
		next, err := w.with(was, found)
		if err != nil {
			return err
		}
		next.Path, next.Revision = path, revision
		word := "skip"
		switch strategy := w.call.Args["existStrategy"]; {
		case !found:
			word = "create"
			next, err = w.put(ctx, "property.created", nil, next)
		case strategy == "error":
			err = fault.New(fault.PropertyExists, "there is a property at this path already")
		case strategy == "update" && !same(&was, &next):
			word = "update"
			next, err = w.put(ctx, "property.updated", &was, next)
		}
		done = command.Value(map[string]any{"result": word, "path": path, "uuid": next.UUID})
		return err
	})
	return done, err
}

// with gives the property as the parameters want it; what they do not say stays.
func (w propertyWork) with(p property.Property, found bool) (property.Property, error) {
	now := w.d.Now()
	p.Updated = now
	if !found {
		p.UUID, p.Created = event.NewID(now), now
	}
	media, _ := w.call.Args["type"].(string)
	v, given := w.call.Args["value"]
	switch {
	case given || !found:
		text, media, err := encode(v, media)
		if err != nil {
			return p, err
		}
		p.Value, p.Type = text, media
	case media != "":
		_, media, err := encode(nil, media)
		if err != nil {
			return p, err
		}
		p.Type = media
	}
	if ttl, given := w.call.Args["ttl"]; given {
		minutes, whole := ttl.(int)
		if !whole || minutes < 0 || minutes > int(100*365*24*time.Hour/time.Minute) {
			return p, fault.New(fault.CommandType, "parameter %q must be a whole number of minutes, at most 100 years", "ttl")
		}
		p.Expires = time.Time{}
		if minutes > 0 {
			p.Expires = now.Add(time.Duration(minutes) * time.Minute)
		}
	}
	return p, nil
}
