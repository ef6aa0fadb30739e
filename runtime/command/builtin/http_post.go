package builtin

import "github.com/penstock/penstock/runtime/command"

// httpPost sends something new to another server. The key of the step is sent along, so that a server which
// knows Idempotency-Key does not do the work twice when the step is repeated.
func httpPost(d Deps) command.Definition {
	return httpCommand(d, "POST", "Sends something new to another server. The header Idempotency-Key is the same for each try of the step.",
		command.Example{
			Title:    "the body as JSON",
			Pipeline: "pipeline:\n  - http.post: https://api.example.org/orders\n  - set: ${body.got.item}\n",
			Body:     `{"item":"boat"}`,
			Want:     `"boat"`,
		},
		command.Example{
			Title:    "a form",
			Pipeline: "pipeline:\n  - http.post:\n      url: https://api.example.org/orders\n      headers: {Content-Type: application/x-www-form-urlencoded}\n      body: {item: \"a boat\", count: 2}\n  - set: ${body.got}\n",
			Want:     `"count=2&item=a+boat"`,
		},
		command.Example{
			Title:    "a server that is busy",
			Pipeline: "pipeline:\n  - http.post: {url: \"https://api.example.org/busy\", body: {item: boat}, onError: IGNORE}\n  - set: later\n",
			Want:     `"later"`,
		},
	)
}
