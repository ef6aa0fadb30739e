package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) pipelinesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pipelines",
		Short: "List, run, store and roll back the pipelines of the server",
		Long: "Look at the pipelines that the running server has loaded, at their former versions, run them and change them. A NAME is a path\n" +
			"with slashes, such as sales/lead, or the same with dots.",
		Example: "  pi pipelines list\n  pi pipelines history lead",
	}
	cmd.AddCommand(
		c.pipelinesListCommand(), c.pipelinesShowCommand(), c.pipelinesGetCommand(), c.pipelinesPutCommand(), c.pipelinesDeleteCommand(), c.pipelinesRunCommand(),
		c.pipelinesHistoryCommand(), c.pipelinesDiffCommand(), c.pipelinesRollbackCommand(),
	)
	return cmd
}

func (c *cli) pipelinesListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the pipelines, and the files that are broken",
		Long: "List the pipelines of the server. One whose file is broken runs in its last good version; one that is out never had a\n" +
			"good version, so nothing of it runs. `pi pipelines show` tells all that is wrong.",
		Example: "  pi pipelines list\n  pi pipelines list -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			answer, err := api.get(cmd.Context(), "/api/v3/pipelines", nil)
			if err != nil {
				return err
			}
			rows, _ := answer["pipelines"].([]any)
			return c.table(rows, []column{
				field("NAME", "name"), field("VERSION", "version"), field("STATE", "state"), field("TRIGGER", "trigger"), field("STEPS", "steps"),
				field("LOADED SINCE", "since"),
				{"FAULT", firstFlaw},
			}, "there is no pipeline")
		},
	}
}

// firstFlaw shows the first fault of a file, and how many more there are.
func firstFlaw(row map[string]any) string {
	list, _ := row["faults"].([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	text := fmt.Sprintf("%s:%s:%s: %s", cellText(first["file"]), cellText(first["line"]), cellText(first["column"]), cellText(first["message"]))
	if len(list) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(list)-1)
	}
	return text
}

func (c *cli) pipelinesShowCommand() *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a pipeline with all that is wrong with its file, or one of its versions",
		Example: "  pi pipelines show lead\n  pi pipelines show lead --version $V",
		Args:    wants([]string{"NAME"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			if version == "" {
				answer, err := api.get(cmd.Context(), "/api/v3/pipelines", nil)
				if err != nil {
					return err
				}
				list, _ := answer["pipelines"].([]any)
				for _, item := range list {
					if one, _ := item.(map[string]any); one["name"] == dotted(args[0]) {
						return c.show(one, "yaml")
					}
				}
				version = "loaded" // its fault tells the nearest name
			}
			one, err := api.get(cmd.Context(), versionPath(args[0], version), nil)
			if err != nil {
				return err
			}
			return c.show(one, "yaml")
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "show this `VERSION` with its text; its first letters are enough")
	return cmd
}

// dotted gives the name of the pipeline at a path.
func dotted(name string) string { return strings.ReplaceAll(name, "/", ".") }

func versionPath(name, version string) string {
	return "/api/v3/pipelines/" + url.PathEscape(dotted(name)) + "/" + url.PathEscape(version)
}

func storedPath(name string) string {
	return "/api/v3/pipeline:" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/")
}

func (c *cli) pipelinesGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "get NAME",
		Short:   "Print the text of a pipeline as it is stored",
		Example: "  pi pipelines get sales/order",
		Args:    wants([]string{"NAME"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			text, _, err := api.stored(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = c.Stdout.Write(text)
			return err
		},
	}
}

func (c *cli) pipelinesPutCommand() *cobra.Command {
	var match, form string
	cmd := &cobra.Command{
		Use:   "put NAME FILE",
		Short: "Store a pipeline on the server, which takes it in force at once",
		Long: "Store the text of FILE (- is standard input) under a name. A text with a fault is refused and changes nothing. The path of\n" +
			"a new pipeline is words of a-z 0-9 - joined by slashes.",
		Example: "  pi pipelines put sales/order order.pi.yaml\n  pi pipelines put sales/order order.pi.yaml --match $V",
		Args:    wants([]string{"NAME", "FILE"}, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := c.content("@"+args[1], "the pipeline")
			if err != nil {
				return err
			}
			if form == "" && strings.HasSuffix(args[1], ".json") {
				form = "json"
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			return c.put(cmd.Context(), api, args[0], form, text, match)
		},
	}
	cmd.Flags().StringVar(&match, "match", "", "only in place of this `VERSION`; - for a new pipeline, * for one that is there")
	cmd.Flags().StringVar(&form, "form", "", "`FORM` of the text: yaml (default) or json (default for files named *.json)")
	return cmd
}

func (c *cli) pipelinesDeleteCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a stored pipeline; its versions are kept",
		Example: "  pi pipelines delete sales/order\n  pi pipelines delete sales/order --force",
		Args:    wants([]string{"NAME"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			path := storedPath(args[0])
			if force {
				path += "?force=true"
			}
			if _, err := api.do(cmd.Context(), http.MethodDelete, path, nil); err != nil {
				return err
			}
			fmt.Fprintf(c.Stderr, "deleted %s; `pi pipelines rollback` brings it back\n", dotted(args[0]))
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "delete it though other pipelines run it; those are broken then")
	return cmd
}
