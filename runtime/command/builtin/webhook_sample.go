package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// webhookSample makes what `pi webhook test` sends.
func webhookSample(d Deps) command.Definition {
	const put = "pipeline:\n  - webhook.put: {eventKey: webhook.lead.created, uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11}\n"
	return command.Definition{
		Spec: command.Spec{
			Name:    "webhook.sample",
			Summary: "Makes a request as the sender of a webhook would send it, signed with the webhook's secret; its address is open for a minute.",
			Params: []command.Param{
				webhookRef(),
				{Name: "event", Type: command.TypeText, Summary: "Event of the preset's samples; default is the first one."},
				{Name: "body", Type: command.TypeText, Summary: "The body; default is the preset's sample."},
			},
			Shorthand: "uuid",
			Result:    "The request: method, url, headers (a list of name and value), body and event.",
			Examples: []command.Example{
				{
					Title:    "a webhook without a preset",
					Pipeline: put + "  - webhook.sample: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n  - set: ${body.method}\n",
					Want:     `"POST"`,
				},
				{
					Title:    "one that does not exist",
					Pipeline: "pipeline:\n  - webhook.sample: 00000000-0000-4000-8000-000000000000\n",
					WantCode: "webhook.unknown",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			ref, _ := call.Args["uuid"].(string)
			event, _ := call.Args["event"].(string)
			var body []byte
			if text, given := call.Args["body"].(string); given {
				body = []byte(text)
			}
			s, err := d.Webhooks.Sample(ctx, ref, event, body)
			if err != nil {
				return command.Result{}, err
			}
			headers := make([]any, len(s.Header))
			for i, field := range s.Header {
				headers[i] = []any{field[0], field[1]}
			}
			return command.Value(map[string]any{
				"method": s.Method, "url": s.URL, "headers": headers, "body": string(s.Body), "event": s.Event,
			}), nil
		}),
	}
}
