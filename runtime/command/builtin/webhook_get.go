package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// webhookGet shows one webhook or all.
func webhookGet(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "webhook.get",
			Summary: "Shows one webhook, or all of them.",
			Params:  []command.Param{{Name: "uuid", Type: command.TypeText, Aliases: []string{"webhook"}, Summary: "Token or id of the webhook; without it all are listed."}},
			Result: "The webhook: id, eventKey, webhookUrl without its token, enabled, payloadType, maxPayloadLength, verify (the preset), secrets (their number), " +
				"secretSources (where they come from and when they end), tokens (of each its last six characters, when it was made, ends and was last used) and the other settings that are set; or a list of them.",
			Examples: []command.Example{
				{
					Title: "one",
					Pipeline: "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n" +
						"  - webhook.get: {uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n  - set: ${body.eventKey}\n",
					Want: `"webhook.lead.created"`,
				},
				{
					Title: "all",
					Pipeline: "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n" +
						"  - webhook.get\n  - set: ${body[0].tokens[0].hint}\n",
					Want: `"2f7b11"`,
				},
				{
					Title:    "an unknown one",
					Pipeline: "pipeline:\n  - webhook.get: {uuid: 00000000-0000-4000-8000-000000000000}\n",
					WantCode: "webhook.unknown",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			uuid, one := call.Args["uuid"].(string)
			if !one {
				list := []any{}
				for _, w := range d.Webhooks.List() {
					list = append(list, show(d.Webhooks, w))
				}
				return command.Value(list), nil
			}
			w, found := d.Webhooks.Get(uuid)
			if !found {
				return command.Result{}, fault.New(fault.WebhookUnknown, "no webhook has this id or token")
			}
			return command.Value(show(d.Webhooks, w)), nil
		}),
	}
}
