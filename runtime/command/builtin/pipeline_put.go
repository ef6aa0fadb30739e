package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// pipelinePut stores a pipeline.
func pipelinePut(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "pipeline.put",
			Summary: "Stores a pipeline, which is in force at once; one with a fault is refused and changes nothing.",
			Params: []command.Param{
				pipelineName(),
				{Name: "source", Type: command.TypeAny, Summary: "The pipeline: its YAML as a text, or a map of its sections; default is the body."},
				{Name: "version", Type: command.TypeText, Summary: "Version that is replaced; another one there is refused. - for none at all, * for any."},
			},
			Shorthand: "name",
			Result:    "Name and version of the pipeline, and created: whether it is new.",
			Effect:    true,
			Examples: []command.Example{
				{
					Title:    "from the body",
					Pipeline: "body: |\n  pipeline:\n    - log: hello\npipeline:\n  - pipeline.put: sales/lead\n",
					Want:     `{"created":true,"name":"sales.lead","version":"d6599e9e22fa"}`,
				},
				{
					Title:    "a map, in place of what is there",
					Pipeline: "pipeline:\n  - pipeline.put: {name: greeting, source: \"pipeline: [exit]\"}\n  - pipeline.put: {name: greeting, source: {pipeline: [log: hello]}, version: \"${body.version}\"}\n  - set: ${body.created}\n",
					Want:     `false`,
				},
				{
					Title:    "there already",
					Pipeline: "pipeline:\n  - pipeline.put: {name: greeting, source: \"pipeline: [exit]\"}\n  - pipeline.put: {name: greeting, source: \"pipeline: [exit]\", version: \"-\"}\n",
					WantCode: "pipeline.changed",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Pipelines == nil {
				return command.Result{}, missing("pipeline store")
			}
			name, _ := call.Args["name"].(string)
			match, _ := call.Args["version"].(string)
			source, given := call.Args["source"]
			if !given || source == nil {
				source = call.Body
			}
			text, isJSON, err := pipelineText(source)
			if err != nil {
				return command.Result{}, err
			}
			stored, created, err := d.Pipelines.PutPipeline(ctx, call.Identity, name, text, isJSON, match)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(map[string]any{"name": stored.Name, "version": stored.Version, "created": created}), nil
		}),
	}
}

func pipelineName() command.Param {
	return command.Param{Name: "name", Type: command.TypeText, Required: true, Aliases: []string{"path"}, Summary: "Path of the pipeline, such as global/app/sales/pipeline/lead."}
}

// pipelineText gives the text of a pipeline: YAML as it is, a map as JSON.
func pipelineText(source any) (text []byte, isJSON bool, err error) {
	switch source := source.(type) {
	case string:
		return []byte(source), false, nil
	case map[string]any:
		text, err = value.AppendJSON(nil, source)
		return text, true, err
	}
	return nil, false, fault.New(fault.CommandType, "a pipeline is a text or a map, not %s", value.TypeName(source))
}
