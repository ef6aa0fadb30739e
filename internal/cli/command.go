package cli

import (
	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) commandCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "command NAME [KEY=VALUE ...]",
		Short: "Run one command on the server",
		Long: "Run one command on the running server, in the name of admin.identity, and print its result as YAML.\n" +
			"`pi lint --commands` lists the commands.",
		Example: "  pi command webhook.put eventKey=webhook.lead.created\n" +
			"  pi command webhook.put eventKey=webhook.github.push payloadType=raw preset=github secret=env:GITHUB_SECRET\n" +
			"  pi command webhook.get -o json",
		Args: wants([]string{"NAME"}, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			params := map[string]any{}
			for _, arg := range args[1:] {
				k, v, err := keyValue(arg, "a parameter")
				if err != nil {
					return err
				}
				if _, twice := params[k]; twice {
					return fault.New(fault.CLIUsage, "the parameter %q is given twice", k)
				}
				params[k] = v
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			result, err := api.command(cmd.Context(), args[0], params)
			if err != nil {
				return err
			}
			if c.output == "plain" {
				return c.show(result, "plain")
			}
			return c.show(map[string]any{"result": map[string]any{"value": result}}, "yaml")
		},
	}
}
