package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// webhookEnable opens or shuts a webhook. Its settings and tokens stay.
func webhookEnable(d Deps, on bool) command.Definition {
	name, summary, shown := "webhook.enable", "Opens a webhook that was disabled.", "true"
	if !on {
		name, summary, shown = "webhook.disable", "Shuts a webhook: calls are refused as if its token were unknown. Its settings stay.", "false"
	}
	const put = "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n"
	return command.Definition{
		Spec: command.Spec{
			Name:      name,
			Summary:   summary,
			Params:    []command.Param{webhookRef()},
			Shorthand: "uuid",
			Result:    "The webhook as webhook.get shows it.",
			Effect:    true,
			Examples: []command.Example{
				{
					Title:    "one that exists",
					Pipeline: put + "  - " + name + ": 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n  - set: ${body.enabled}\n",
					Want:     shown,
				},
				{
					Title:    "one that does not exist",
					Pipeline: "pipeline:\n  - " + name + ": 00000000-0000-4000-8000-000000000000\n",
					WantCode: "webhook.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			ref, _ := call.Args["uuid"].(string)
			w, err := d.Webhooks.Enable(ctx, ref, on)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(show(d.Webhooks, w)), nil
		}),
	}
}

// webhookRef is the parameter that names one webhook.
func webhookRef() command.Param {
	return command.Param{Name: "uuid", Type: command.TypeText, Aliases: []string{"webhook"}, Required: true, Summary: "Token or id of the webhook."}
}
