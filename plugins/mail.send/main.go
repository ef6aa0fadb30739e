package main

import (
	"time"

	plugin "github.com/penstock/penstock/sdk/go"
)

var _ = plugin.Export(mailSend())

func main() {} // never called: a plugin is a library

func mailSend() plugin.Plugin {
	return plugin.Plugin{
		Name: "mail.send", Version: "1.0.0", Summary: "Sends mail through the relay of the configuration.",
		Capabilities: []string{"mail"}, MemoryMB: 64,
		Commands: []plugin.Command{{
			Name:    "mail.send",
			Summary: "Sends one mail to all its recipients.",
			Result:  "A map with messageId and accepted, the number of recipients.",
			Body:    true, Effect: true, Timeout: 30 * time.Second,
			Run: plugin.Typed(send),
			Examples: []plugin.Example{
				{
					Title:  "Plain text",
					Params: map[string]any{"to": "name@company.tld", "subject": "New lead was created!", "message": "Jane wants a boat."},
				},
				{
					Title: "HTML with an attachment to several recipients",
					Params: map[string]any{
						"to": []string{"Jane <jane@company.tld>", "joe@company.tld"}, "cc": "boss@company.tld", "subject": "Offer",
						"message":     "<p>Please see the offer.</p>",
						"attachments": []any{map[string]any{"name": "offer.csv", "contentType": "text/csv", "content": "boat,1"}},
					},
				},
				{
					Title:    "No recipient",
					Params:   map[string]any{"to": "", "message": "Nobody reads this."},
					WantCode: "mail.invalid",
				},
			},
		}},
	}
}
