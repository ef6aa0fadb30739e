package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) pipelinesHistoryCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "history NAME",
		Short:   "List the kept versions of a pipeline, the newest first",
		Example: "  pi pipelines history lead\n  pi pipelines history lead -o json",
		Args:    wants([]string{"NAME"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			rows, err := api.history(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("VERSION", "version"),
				{"STATE", func(row map[string]any) string {
					if row["loaded"] == true {
						return "loaded"
					}
					return ""
				}},
				field("LOADED", "last"), field("UNTIL", "until"), field("FIRST LOADED", "first"), field("BY", "author"),
			}, "no version is kept")
		},
	}
}

func (a *client) history(ctx context.Context, name string) ([]any, error) {
	answer, err := a.get(ctx, "/api/v3/pipelines/"+url.PathEscape(dotted(name)), nil)
	rows, _ := answer["versions"].([]any)
	return rows, err
}

func (c *cli) pipelinesDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff NAME [VERSION [VERSION]]",
		Short: "Show what changed between two versions of a pipeline",
		Long: "Show the difference between two versions: the second one is the loaded one unless it is named, the first one the\n" +
			"version before that. The first letters of a version are enough.",
		Example: "  pi pipelines diff lead\n  pi pipelines diff lead $V",
		Args:    wants([]string{"NAME"}, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			from, to, err := api.compared(cmd.Context(), args[0], args[1:])
			if err != nil {
				return err
			}
			old, err := api.get(cmd.Context(), versionPath(args[0], from), nil)
			if err != nil {
				return err
			}
			now, err := api.get(cmd.Context(), versionPath(args[0], to), nil)
			if err != nil {
				return err
			}
			label := func(v map[string]any) string { return dotted(args[0]) + "@" + cellText(v["version"]) }
			text := udiff.Unified(label(old), label(now), cellText(old["source"]), cellText(now["source"]))
			for line := range strings.Lines(text) {
				fmt.Fprint(c.Stdout, c.paint(c.StdoutIsTerminal, diffColour(line), line))
			}
			return nil
		},
	}
}

func diffColour(line string) colour {
	switch {
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "@"):
		return yellow
	}
	return none
}

// compared gives the two versions that are meant.
func (a *client) compared(ctx context.Context, name string, given []string) (from, to string, err error) {
	if len(given) == 2 {
		return given[0], given[1], nil
	}
	rows, err := a.history(ctx, name)
	if err != nil {
		return "", "", err
	}
	var versions []string
	at := 0 // of the loaded one, or the newest
	for i, row := range rows {
		fields, _ := row.(map[string]any)
		versions = append(versions, cellText(fields["version"]))
		if fields["loaded"] == true {
			at = i
		}
	}
	switch {
	case len(given) == 1 && len(versions) > 0:
		return given[0], versions[at], nil
	case len(versions) < 2:
		return "", "", fault.New(fault.PipelineUnknown, "only one version of the pipeline %s is kept", dotted(name))
	}
	to = versions[at]
	versions = slices.Delete(versions, at, at+1)
	return versions[min(at, len(versions)-1)], to, nil
}

func (c *cli) pipelinesRollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback NAME VERSION",
		Short: "Store a former version of a pipeline again",
		Long: "Store the text of a former version in place of the one that is there, or of one that was deleted. Runs that began with\n" +
			"another version end on it.",
		Example: "  pi pipelines rollback lead $V",
		Args:    wants([]string{"NAME", "VERSION"}, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			old, err := api.get(cmd.Context(), versionPath(args[0], args[1]), nil)
			if err != nil {
				return err
			}
			match := "-"
			switch _, now, err := api.stored(cmd.Context(), args[0]); {
			case err == nil:
				match = now
			case fault.CodeOf(err) != fault.PipelineUnknown:
				return err
			}
			return c.put(cmd.Context(), api, args[0], cellText(old["form"]), []byte(cellText(old["source"])), match)
		},
	}
}

// stored reads the text of a stored pipeline with its version.
func (a *client) stored(ctx context.Context, name string) (text []byte, version string, err error) {
	status, fields, data, err := a.exchange(ctx, http.MethodGet, storedPath(name), nil, nil)
	if err != nil {
		return nil, "", err
	}
	if status != http.StatusOK {
		_, err := a.answer(status, data)
		return nil, "", err
	}
	return data, strings.Trim(fields.Get("ETag"), `"`), nil
}

// put stores a text and says what came of it.
func (c *cli) put(ctx context.Context, api *client, name, form string, text []byte, match string) error {
	header := map[string]string{"Content-Type": "application/yaml"}
	switch form {
	case "", "yaml":
	case "json":
		header["Content-Type"] = "application/json"
	default:
		return fault.New(fault.CLIUsage, "the flag \"--form\" has to be yaml or json")
	}
	switch match {
	case "":
	case "-":
		header["If-None-Match"] = "*"
	case "*":
		header["If-Match"] = "*"
	default:
		header["If-Match"] = `"` + match + `"`
	}
	status, _, data, err := api.exchange(ctx, http.MethodPut, storedPath(name), header, text)
	if err != nil {
		return err
	}
	answer, err := api.answer(status, data)
	if err != nil {
		return err
	}
	if c.output != "" {
		return c.show(answer, "yaml")
	}
	what := "changed"
	if answer["created"] == true {
		what = "stored"
	}
	fmt.Fprintf(c.Stdout, "%s %s, version %s\n", what, dotted(name), cellText(answer["version"]))
	return nil
}
