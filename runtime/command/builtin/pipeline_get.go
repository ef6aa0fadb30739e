package builtin

import (
	"context"
	"strings"

	"github.com/penstock/penstock/runtime/command"
)

// pipelineGet shows stored pipelines.
func pipelineGet(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "pipeline.get",
			Summary:   "Shows a stored pipeline, or all whose names match.",
			Params:    []command.Param{pipelineName()},
			Shorthand: "name",
			Result:    "Name, version and source, the text of the file; a list of them where the name holds *, which stands for any text.",
			Examples: []command.Example{
				{
					Title:    "one",
					Pipeline: "pipeline:\n  - pipeline.put: {name: sales/lead, source: \"pipeline: [exit]\"}\n  - pipeline.get: sales/lead\n",
					Want:     `{"name":"sales.lead","source":"pipeline: [exit]","version":"e0761897166c"}`,
				},
				{
					Title: "several",
					Pipeline: "pipeline:\n  - pipeline.put: {name: sales/lead, source: \"pipeline: [exit]\"}\n  - pipeline.put: {name: sales/order, source: \"pipeline: [exit]\"}\n" +
						"  - pipeline.put: {name: other, source: \"pipeline: [exit]\"}\n  - pipeline.get: sales/*\n  - set: ${body.![name]}\n",
					Want: `["sales.lead","sales.order"]`,
				},
				{
					Title:    "an unknown one",
					Pipeline: "pipeline:\n  - pipeline.get: nothing\n",
					WantCode: "pipeline.unknown",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			if d.Pipelines == nil {
				return command.Result{}, missing("pipeline store")
			}
			name, _ := call.Args["name"].(string)
			if !strings.Contains(name, "*") {
				p, err := d.Pipelines.GetPipeline(name)
				return command.Value(shownPipeline(p)), err
			}
			list := []any{}
			all, err := d.Pipelines.Pipelines()
			for _, p := range all {
				if starMatches(strings.ReplaceAll(name, "/", "."), p.Name) {
					list = append(list, shownPipeline(p))
				}
			}
			return command.Value(list), err
		}),
	}
}

func shownPipeline(p StoredPipeline) map[string]any {
	return map[string]any{"name": p.Name, "version": p.Version, "source": string(p.Text)}
}

// starMatches compares a name with a pattern in which * stands for any text.
func starMatches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok || len(name) < len(last) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[:len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return true
}
