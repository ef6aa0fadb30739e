package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/schema"
)

func (c *cli) schemaCommand() *cobra.Command {
	var command string
	cmd := &cobra.Command{
		Use:   "schema [pipeline|webhook|test]",
		Short: "Print the JSON Schema of pipeline files",
		Long: "Print the JSON Schema (draft-07) of pipeline files, made from the installed commands and plugins, that of files\n" +
			"that declare webhooks, or that of tests. Editors complete and check with it. For those that use\n" +
			"yaml-language-server write it to a file, `pi schema > pipeline.schema.json`, and begin a pipeline with\n\n" +
			"  # yaml-language-server: $schema=pipeline.schema.json\n\n" +
			"or name it in the settings of the editor for *.pi.yaml. `pi lsp` finds more than a schema can.",
		Example: "  pi schema\n  pi schema webhook\n  pi schema test\n  pi schema --command log",
		Args:    wants(nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := "pipeline"
			if len(args) == 1 {
				kind = args[0]
			}
			return c.schema(cmd.Context(), kind, command)
		},
	}
	cmd.Flags().StringVar(&command, "command", "", "print that of the parameters of one command: its `NAME`")
	return cmd
}

func (c *cli) schema(ctx context.Context, kind, command string) error {
	kinds := []string{"pipeline", "webhook", "test"}
	switch {
	case !slices.Contains(kinds, kind):
		return fault.New(fault.CLIUsage, "there is no schema of %q files", kind).WithHint("%s", fault.DidYouMean(kind, kinds))
	case kind != "pipeline" && command != "":
		return fault.New(fault.CLIUsage, "only pipelines have commands").WithHint("leave --command out")
	case kind == "test":
		return c.printSchema(pipetest.Schema())
	case kind == "webhook":
		return c.printSchema(schema.Webhook(builtin.WebhookParams()))
	}
	return c.withTools(ctx, func(tools *app.Tools) error {
		if command == "" {
			return c.printSchema(schema.Pipeline(tools.Registry()))
		}
		made, err := schema.Command(tools.Registry(), command)
		if err != nil {
			return err
		}
		return c.printSchema(made)
	})
}

func (c *cli) printSchema(made map[string]any) error {
	if c.output == "yaml" {
		v, err := model(made)
		if err != nil {
			return err
		}
		return c.show(v, "yaml")
	}
	text, err := schema.Text(made)
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(text)
	return err
}
