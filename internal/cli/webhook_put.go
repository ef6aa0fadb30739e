package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

// putFlags are the settings that NAME=VALUE has no good form for.
type putFlags struct {
	secrets       []string
	oldSecret     string
	until, schema string
}

func (c *cli) webhookPutCommand() *cobra.Command {
	var f putFlags
	cmd := &cobra.Command{
		Use:   "put [WEBHOOK] [NAME=VALUE ...]",
		Short: "Make a webhook, or change some of its settings",
		Long: "Make a webhook, or change the given settings of the one that WEBHOOK names by its id or a token; the others stay. The\n" +
			"settings are those of the command webhook.put (docs/reference/commands.md). The token of a new webhook is shown\n" +
			"once. A secret is changed without refusing anybody by giving the old one an end.",
		Example: "  pi webhook put eventKey=webhook.github.push preset=github --secret env:GITHUB_SECRET\n" +
			"  pi webhook put $ID title=Leads allow=192.0.2.0/24 rate=10\n" +
			"  pi webhook put $ID --secret env:NEW_SECRET --old-secret env:GITHUB_SECRET --until 24h\n" +
			"  pi webhook put $ID --schema @schema.json schemaMode=warn",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			params, err := c.putParams(f, args)
			if err != nil {
				return err
			}
			stored, err := c.webhookCall(cmd.Context(), "webhook.put", params)
			if err != nil {
				return err
			}
			return c.show(stored, "yaml")
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.secrets, "secret", nil, "`SECRET` of the signature: env:NAME, file:PATH or the text itself; may be repeated")
	flags.StringVar(&f.oldSecret, "old-secret", "", "`SECRET` that is taken until the time of --until")
	flags.StringVar(&f.until, "until", "", "end of the old secret: a `TIME` from now such as 24h, or RFC 3339 (default 24h)")
	flags.StringVar(&f.schema, "schema", "", "JSON Schema for the body: `TEXT`, or @file")
	return cmd
}

func (c *cli) putParams(f putFlags, args []string) (map[string]any, error) {
	params := map[string]any{}
	if len(args) > 0 && !strings.Contains(args[0], "=") {
		params["uuid"], args = args[0], args[1:]
	}
	for _, arg := range args {
		k, v, err := keyValue(arg, "a setting")
		if err != nil {
			return nil, err
		}
		if _, twice := params[k]; twice {
			return nil, fault.New(fault.CLIUsage, "the setting %q is given twice", k)
		}
		params[k] = v
	}
	if f.schema != "" {
		text, err := c.content(f.schema, "the schema")
		if err != nil {
			return nil, err
		}
		params["schema"] = string(text)
	}
	return params, c.putSecrets(f, params)
}

func (c *cli) putSecrets(f putFlags, params map[string]any) error {
	if f.oldSecret == "" && f.until != "" {
		return fault.New(fault.CLIUsage, "--until needs --old-secret")
	}
	var secrets []any
	for _, s := range f.secrets {
		secrets = append(secrets, s)
	}
	if f.oldSecret != "" {
		end, err := c.timeFrom(f.until)
		if err != nil {
			return err
		}
		secrets = append(secrets, map[string]any{"secret": f.oldSecret, "notAfter": end.UTC().Format(time.RFC3339)})
	}
	if len(secrets) == 0 {
		return nil
	}
	if _, twice := params["secret"]; twice {
		return fault.New(fault.CLIUsage, "the secret is given twice")
	}
	params["secret"] = secrets
	return nil
}

// timeFrom reads a time, or a duration from now; nothing stands for a day.
func (c *cli) timeFrom(text string) (time.Time, error) {
	if text == "" {
		return c.Now().Add(24 * time.Hour), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return c.Now().Add(d), nil
	}
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return end, fault.New(fault.CLIUsage, "the flag \"--until\" has to be a duration such as 24h, or a time such as 2026-01-31T12:00:00Z")
	}
	return end, nil
}
