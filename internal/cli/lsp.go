package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/lsp"
	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) lspCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lsp",
		Short: "Help an editor with pipeline files",
		Long: "Help an editor with pipeline files: a language server on standard input and output, which an editor starts. It\n" +
			"completes commands, parameters, functions and names, tells what they are for, shows what `pi lint` finds while you\n" +
			"type, repairs it, and leads to pipelines and macros. It knows the commands, plugins and rights of the\n" +
			"configuration, executes nothing and asks nobody. Its log goes to standard error; docs/editor.md says how to set up\n" +
			"editors.",
		Example: "  pi lsp\n  pi lsp --config config.yaml",
		Args:    wants(nil, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.lsp(cmd.Context()) },
	}
}

func (c *cli) lsp(ctx context.Context) error {
	return c.withTools(ctx, func(tools *app.Tools) error {
		cfg, err := c.config()
		if err != nil {
			return err
		}
		server := lsp.New(lsp.Options{
			Registry: tools.Registry(), Lint: tools.LintSetup(), Pipelines: c.path(cfg.Pipelines.Dir),
			Forms: []lsp.Form{testForm(tools.Registry(), c.Now)}, Version: c.Version, Logger: c.logger(cfg, true),
		})
		switch err := server.Run(ctx, c.Stdin, c.Stdout); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, lsp.ErrNotShutDown):
			return exitError(fault.Runtime)
		default:
			return err
		}
	})
}
