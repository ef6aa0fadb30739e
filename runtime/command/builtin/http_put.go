package builtin

import "github.com/penstock/penstock/runtime/command"

// httpPut replaces something on another server.
func httpPut(d Deps) command.Definition {
	return httpCommand(d, "PUT", "Replaces something on another server.",
		command.Example{
			Title:    "a value",
			Pipeline: "pipeline:\n  - http.put:\n      url: https://api.example.org/orders/${vars.id}\n      body: {state: paid}\n  - set: ${body.got}\nvars: {id: 7}\n",
			Want:     `{"state":"paid"}`,
		},
		command.Example{
			Title:    "a text",
			Pipeline: "pipeline:\n  - http.put: {url: \"https://api.example.org/orders/7\", body: \"a,b\", headers: \"Content-Type: text/csv\"}\n  - set: ${body.got}\n",
			Want:     `"a,b"`,
		},
	)
}
