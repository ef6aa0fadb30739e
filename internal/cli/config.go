package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/iam"
)

func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Print, check and explain the settings",
		Example: "  pi config print\n  pi config check\n  pi config default",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:     "print",
			Short:   "Print every setting in force and where it comes from",
			Long:    "Print every setting in force and where it comes from. Secrets are masked; references to secrets are shown.",
			Example: "  pi config print\n  pi config print -o json",
			Args:    wants(nil, 0),
			RunE:    func(*cobra.Command, []string) error { return c.configPrint() },
		},
		&cobra.Command{
			Use:     "check",
			Short:   "Check the settings without starting anything",
			Example: "  pi config check\n  pi config check --config config.yaml --set broker.type=memory",
			Args:    wants(nil, 0),
			RunE:    func(*cobra.Command, []string) error { return c.configCheck() },
		},
		&cobra.Command{
			Use:     "default",
			Short:   "Print the reference of all settings with their defaults",
			Example: "  pi config default",
			Args:    wants(nil, 0),
			RunE: func(*cobra.Command, []string) error {
				_, err := io.WriteString(c.Stdout, configs.Default())
				return err
			},
		},
	)
	return cmd
}

func (c *cli) configPrint() error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if c.output == "json" || c.output == "yaml" {
		list, err := model(cfg.Settings())
		if err != nil {
			return err
		}
		return c.show(list, "yaml")
	}
	return cfg.Print(c.Stdout)
}

func (c *cli) configCheck() error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if _, err := iam.NewPolicy(cfg.IAM.Roles, cfg.IAM.Identities); err != nil {
		return err
	}
	if err := cfg.CheckServe(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Stdout, "ok: the settings are valid")
	return err
}
