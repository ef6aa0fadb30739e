package builtin

import "github.com/penstock/penstock/runtime/command"

// httpDelete removes something from another server.
func httpDelete(d Deps) command.Definition {
	return httpCommand(d, "DELETE", "Removes something from another server.",
		command.Example{
			Title:    "an answer without a body",
			Pipeline: "pipeline:\n  - http.delete: https://api.example.org/orders/7\n",
			Body:     `{"id":7}`,
			Want:     `null`,
		},
		command.Example{
			Title:    "the status",
			Pipeline: "pipeline:\n  - http.delete: {url: \"https://api.example.org/orders/7\", includeResponse: true}\n  - set: ${body.status}\n",
			Want:     `204`,
		},
	)
}
