package builtin

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
)

// webhookRotate replaces the token of a webhook.
func webhookRotate(d Deps) command.Definition {
	const put = "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n"
	return command.Definition{
		Spec: command.Spec{
			Name:    "webhook.rotate",
			Summary: "Gives a webhook a new token, with which the one before works until the end of grace.",
			Params: []command.Param{
				webhookRef(),
				{Name: "grace", Type: command.TypeDuration, Default: int((24 * time.Hour).Milliseconds()), Summary: "How long the token before still works, such as 24h, 90 days at most; 0 ends it now."},
			},
			Shorthand: "uuid",
			Result:    "The webhook as webhook.get shows it, with uuid, its new token, and webhookUrl that holds it; neither is shown again.",
			Effect:    true,
			Examples: []command.Example{
				{
					Title:    "both tokens work for a day",
					Pipeline: put + "  - webhook.rotate: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n  - set: ${body.tokens.size()}\n",
					Want:     `2`,
				},
				{
					Title:    "one that does not exist",
					Pipeline: "pipeline:\n  - webhook.rotate: {uuid: 00000000-0000-4000-8000-000000000000, grace: 1h}\n",
					WantCode: "webhook.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			ref, _ := call.Args["uuid"].(string)
			grace, _ := call.Args["grace"].(int)
			w, issued, err := d.Webhooks.Rotate(ctx, ref, time.Duration(grace)*time.Millisecond)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(showIssued(d.Webhooks, w, issued)), nil
		}),
	}
}
