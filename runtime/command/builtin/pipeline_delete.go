package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// pipelineDelete removes a stored pipeline.
func pipelineDelete(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "pipeline.delete",
			Summary: "Removes a stored pipeline; runs that began with it go on. One that others run is kept.",
			Params: []command.Param{
				pipelineName(),
				{Name: "version", Type: command.TypeText, Summary: "Version that is removed; another one there is refused."},
				{Name: "force", Type: command.TypeBoolean, Default: false, Summary: "Removes it though others run it; those are broken then."},
			},
			Shorthand: "name",
			Effect:    true,
			Examples: []command.Example{
				{
					Title:    "one that exists",
					Pipeline: "pipeline:\n  - pipeline.put: {name: sales/lead, source: \"pipeline: [exit]\"}\n  - pipeline.delete: sales/lead\n  - pipeline.get: \"*\"\n",
					Want:     `[]`,
				},
				{
					Title:    "in another version",
					Pipeline: "pipeline:\n  - pipeline.put: {name: sales/lead, source: \"pipeline: [exit]\"}\n  - pipeline.delete: {name: sales/lead, version: 0123456789ab}\n",
					WantCode: "pipeline.changed",
				},
				{
					Title:    "an unknown one",
					Pipeline: "pipeline:\n  - pipeline.delete: nothing\n",
					WantCode: "pipeline.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Pipelines == nil {
				return command.Result{}, missing("pipeline store")
			}
			name, _ := call.Args["name"].(string)
			match, _ := call.Args["version"].(string)
			force, _ := call.Args["force"].(bool)
			return command.Result{}, d.Pipelines.DeletePipeline(ctx, call.Identity, name, match, force)
		}),
	}
}
