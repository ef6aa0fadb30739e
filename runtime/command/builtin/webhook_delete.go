package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// webhookDelete removes a webhook. An unknown one is no error, so that repeating the command is harmless.
func webhookDelete(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "webhook.delete",
			Summary:   "Removes a webhook; nothing happens when there is none.",
			Params:    []command.Param{webhookRef()},
			Shorthand: "uuid",
			Effect:    true,
			Examples: []command.Example{
				{
					Title: "one that exists",
					Pipeline: "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n" +
						"  - webhook.delete: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n  - webhook.get\n",
					Want: `[]`,
				},
				{
					Title:    "one that does not exist",
					Pipeline: "pipeline:\n  - webhook.delete: {uuid: 00000000-0000-4000-8000-000000000000}\n",
					Body:     `"same"`,
					Want:     `"same"`,
				},
				{
					Title:    "no uuid",
					Pipeline: "pipeline:\n  - webhook.delete\n",
					WantCode: "command.missing_param",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			uuid, _ := call.Args["uuid"].(string)
			return command.Result{}, d.Webhooks.Delete(ctx, uuid)
		}),
	}
}
