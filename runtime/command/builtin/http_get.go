package builtin

import "github.com/penstock/penstock/runtime/command"

// httpGet reads from another server.
func httpGet(d Deps) command.Definition {
	return httpCommand(d, "GET", "Reads from another server.",
		command.Example{
			Title:    "JSON is a value",
			Pipeline: "pipeline:\n  - http.get:\n      url: https://api.example.org/rates\n      query: {base: \"${body.currency}\"}\n  - set: \"1 ${body.base} is ${body.USD} USD\"\n",
			Body:     `{"currency":"EUR"}`,
			Want:     `"1 EUR is 1.1 USD"`,
		},
		command.Example{
			Title:    "a secret proves who asks",
			Pipeline: "pipeline:\n  - http.get:\n      url: https://api.example.org/me\n      secret: crm\n  - set: ${body.name}\n",
			Want:     `"ann"`,
		},
		command.Example{
			Title:    "the status without a failure",
			Pipeline: "pipeline:\n  - http.get: {url: \"https://api.example.org/none\", ignoreErrorStatus: true, includeResponse: true}\n  - set: ${body.status}\n",
			Want:     `404`,
		},
		command.Example{
			Title:    "a failure by its status",
			Pipeline: "pipeline:\n  - http.get: https://api.example.org/none\n  - except: {responseStatusCode: 404}\n  - set: nothing there\n  - except.end\n",
			Want:     `"nothing there"`,
		},
		command.Example{
			Title:    "an address inside",
			Pipeline: "pipeline:\n  - http.get: https://169.254.169.254/latest/meta-data\n",
			WantCode: "egress.denied",
		},
	)
}
