package builtin

import "github.com/penstock/penstock/runtime/command"

// httpPatch changes a part of something on another server.
func httpPatch(d Deps) command.Definition {
	return httpCommand(d, "PATCH", "Changes a part of something on another server. The header Idempotency-Key is the same for each try of the step.",
		command.Example{
			Title:    "a part",
			Pipeline: "pipeline:\n  - http.patch:\n      url: https://api.example.org/orders/7\n      headers: [\"Content-Type: application/merge-patch+json\"]\n      body: {state: paid}\n  - set: ${body.method}\n",
			Want:     `"PATCH"`,
		},
		command.Example{
			Title:    "nothing there",
			Pipeline: "pipeline:\n  - http.patch: {url: \"https://api.example.org/none\", body: {state: paid}}\n",
			WantCode: "http.rejected",
		},
	)
}
