package builtin

import (
	"context"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// webhookPut creates a webhook, or changes the given settings of one. Whoever keeps the webhooks judges
// the settings as a whole.
func webhookPut(d Deps) command.Definition {
	uuid := command.Param{
		Name: "uuid", Type: command.TypeText, Aliases: []string{"webhook"},
		Summary: "Token or id of the webhook to change, or token of the new one; default is a random one.",
	}
	settings := WebhookParams()
	return command.Definition{
		Spec: command.Spec{
			Name:    "webhook.put",
			Summary: "Creates a webhook, or changes the given settings of an existing one.",
			Params:  append([]command.Param{settings[0], uuid}, settings[1:]...),
			Result:  "The webhook as webhook.get shows it. That of a new one has also uuid, its token, and webhookUrl holds the token; neither is shown again.",
			Effect:  true,
			Examples: []command.Example{
				{
					Title: "a token of one's own",
					Pipeline: "pipeline:\n  - webhook.put:\n      eventKey: webhook.lead.created\n      uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n" +
						"  - set:\n      value: {eventKey: \"${body.eventKey}\", payloadType: \"${body.payloadType}\", maxPayloadLength: \"${body.maxPayloadLength}\"}\n",
					Want: `{"eventKey":"webhook.lead.created","payloadType":"base64","maxPayloadLength":512000}`,
				},
				{
					Title: "the secret is not shown",
					Pipeline: "pipeline:\n  - webhook.put:\n      eventKey: webhook.push\n      preset: github\n      secret: env:GITHUB_SECRET\n" +
						"  - set:\n      value: {verify: \"${body.verify}\", secrets: \"${body.secrets}\"}\n",
					Want: `{"verify":"github","secrets":1}`,
				},
				{
					Title: "who may call, how often, and what names a delivery",
					Pipeline: "pipeline:\n  - webhook.put:\n      eventKey: webhook.order\n      methods: POST\n      contentTypes: application/json\n" +
						"      allow: 192.0.2.0/24\n      rate: 10\n      dedupe: body.orderId\n      dedupeWindow: 1h\n" +
						"  - set:\n      value: {allow: \"${body.allow}\", dedupe: \"${body.dedupe}\", dedupeWindow: \"${body.dedupeWindow}\"}\n",
					Want: `{"allow":["192.0.2.0/24"],"dedupe":"body.orderId","dedupeWindow":3600}`,
				},
				{
					Title:    "a new webhook needs a key",
					Pipeline: "pipeline:\n  - webhook.put\n",
					WantCode: "command.missing_param",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			stored, issued, err := putWebhook(ctx, d.Webhooks, call.Args)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(showIssued(d.Webhooks, stored, issued)), nil
		}),
	}
}

// putWebhook changes the webhook that uuid names, or makes a new one. issued is the token of a new one.
func putWebhook(ctx context.Context, known Webhooks, args map[string]any) (stored webhook.Webhook, issued string, err error) {
	uuid, _ := args["uuid"].(string)
	if uuid != "" {
		_, found := known.Get(uuid)
		if found || strings.HasPrefix(uuid, webhook.IDPrefix) {
			stored, err = known.Change(ctx, uuid, func(w *webhook.Webhook) error { return setComplete(w, args) })
			return stored, "", err
		}
	}
	var w webhook.Webhook
	if err := setComplete(&w, args); err != nil {
		return w, "", err
	}
	return known.Put(ctx, w, uuid)
}

func setComplete(w *webhook.Webhook, args map[string]any) error {
	if err := SetWebhook(w, args); err != nil {
		return err
	}
	if w.EventKey == "" {
		return fault.New(fault.CommandMissing, "parameter %q is missing", "eventKey").
			WithHint("a new webhook needs it; to change one, give its uuid")
	}
	return nil
}
