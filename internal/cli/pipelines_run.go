package cli

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func (c *cli) pipelinesRunCommand() *cobra.Command {
	var body string
	cmd := &cobra.Command{
		Use:   "run NAME [KEY=VALUE ...]",
		Short: "Run a pipeline of the server once, and wait for its final body",
		Long: "Run a loaded pipeline in the name of admin.identity, with variables and a body, and print the final body: a text as it is,\n" +
			"everything else as YAML. An interrupt ends the run. `pi run` runs a file without a server.",
		Example: "  pi pipelines run sales/order name=Jane\n  pi pipelines run sales/order --body @order.json -o json",
		Args:    wants([]string{"NAME"}, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{}
			for _, arg := range args[1:] {
				k, v, err := keyValue(arg, "a variable")
				if err != nil {
					return err
				}
				query.Add(k, v)
			}
			text, err := c.content(body, "the body")
			if err != nil {
				return err
			}
			header := map[string]string{"Content-Type": "text/plain; charset=utf-8"}
			if json.Valid(text) {
				header["Content-Type"] = "application/json"
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			path := storedPath(args[0])
			if len(query) > 0 {
				path += "?" + query.Encode()
			}
			status, fields, data, err := api.exchange(cmd.Context(), http.MethodPost, path, header, text)
			if err != nil {
				return err
			}
			return c.showAnswer(api, status, fields, data)
		},
	}
	cmd.Flags().StringVar(&body, "body", "", "the first `BODY`: JSON, a text, or @FILE; @- is standard input")
	return cmd
}

// showAnswer prints what a run answered, whatever status it chose; its failure is ours.
func (c *cli) showAnswer(api *client, status int, fields http.Header, data []byte) error {
	isJSON := strings.HasPrefix(fields.Get("Content-Type"), "application/json")
	if status >= http.StatusBadRequest && isJSON {
		var told struct{ Status, Code string }
		if status == http.StatusUnauthorized || json.Unmarshal(data, &told) == nil && told.Status == "error" {
			_, err := api.answer(status, data)
			return err
		}
	}
	if !isJSON {
		return c.show(string(data), "plain")
	}
	v, err := value.Decode(data)
	if err != nil {
		return fault.New(fault.CLIUnreachable, "what answers at %s is not the admin API (HTTP status %d)", api.base, status).
			WithHint("check admin.url and admin.address")
	}
	return c.show(v, "yaml")
}
