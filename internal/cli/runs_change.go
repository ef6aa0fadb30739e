package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func (c *cli) runsCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel RUN",
		Short: "End a run that waits or runs",
		Long: "End a run that waits or runs. RUN is EVENT:PIPELINE, or EVENT alone when one pipeline ran for it. A step that is being\n" +
			"executed is stopped at its next chance; what it has done is not undone.",
		Example: "  pi runs cancel $EVENT:slow",
		Args:    wants([]string{"RUN"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, path, err := c.runPath(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if _, err := api.post(cmd.Context(), path+"/cancel", nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.Stdout, "cancelled")
			return err
		},
	}
}

// replayFlags say how a run is replayed.
type replayFlags struct {
	from, body, version string
	dry                 bool
}

func (f *replayFlags) add(cmd *cobra.Command, from string) {
	cmd.Flags().StringVar(&f.from, "from", from, "go on at this `STEP`: its id, its number from 1, failed = where the run ended, or start")
	cmd.Flags().StringVar(&f.body, "body", "", "another payload, or another body at the step: JSON `TEXT`, or @file, or - for standard input")
	cmd.Flags().StringVar(&f.version, "version", "", "the `VERSION` of the pipeline, such as the old run had; without, the one that is loaded")
	cmd.Flags().BoolVar(&f.dry, "dry", false, "show what would be done, with which values, and do nothing")
}

const replayText = "A run never changes once it is over: a replay is a new event, with the id of the old one in replayOf, that starts this one\n" +
	"pipeline. Steps can be left out where the body and vars are kept: at the step where a dead letter or a cancelled run ended, and at\n" +
	"every step where engine.record is all. At other steps of those the body has to be given.\n\n" +
	"With --dry nothing is recorded or sent: commands with an effect are not called. They give what they gave in the old run,\n" +
	"if that was recorded for the same parameters, and else leave the body as it is."

func (c *cli) runsReplayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay RUN",
		Short: "Do the work of a run that is over once more",
		Long: "Do the work of a run that is over once more. RUN is EVENT:PIPELINE, or EVENT alone when one pipeline ran for it.\n" +
			replayText,
		Example: "  pi runs replay $EVENT:lead\n  pi runs replay $EVENT:lead --body @payload.json\n  pi runs replay $EVENT:lead --from failed\n" +
			"  pi runs replay $EVENT:lead --version $VERSION\n  pi runs replay $EVENT:lead --from last --dry",
		Args: wants([]string{"RUN"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := c.replayBody(f.body)
			if err != nil {
				return err
			}
			api, path, err := c.runPath(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			answer, err := c.replay(cmd.Context(), api, path, &f, body, false)
			if err != nil {
				return err
			}
			return c.showReplay(answer, f.dry)
		},
	}
	f.add(cmd, "start")
	return cmd
}

// replay asks for one replay. once is for a dead letter, which is closed by it.
func (c *cli) replay(ctx context.Context, api *client, path string, f *replayFlags, body []byte, once bool) (map[string]any, error) {
	query := url.Values{}
	if f.from != "" && f.from != "start" {
		query.Set("from", f.from)
	}
	if f.version != "" {
		query.Set("version", f.version)
	}
	if once {
		query.Set("close", "true")
	}
	if f.dry {
		query.Set("dry", "true")
	}
	return api.post(ctx, path+"/replay", query, body)
}

func (c *cli) showReplay(answer map[string]any, dry bool) error {
	switch {
	case c.output != "" && c.output != "plain":
		return c.show(answer, "yaml")
	case dry:
		return c.showRehearsal(answer)
	}
	_, err := fmt.Fprintln(c.Stdout, "replayed as event", cellText(answer["eventId"]))
	return err
}

// replayBody reads a body that is given as text or as a file; nil when none is given.
func (c *cli) replayBody(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	if text == "-" {
		text = "@-"
	}
	data, err := c.content(text, "the body")
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(data)
	if err != nil {
		return nil, fault.Wrap(fault.CLIUsage, err, "reading the body").WithHint("it has to be JSON; quote a text")
	}
	return value.AppendJSON(nil, v)
}

// runPath finds the run that is meant and gives its path in the API.
func (c *cli) runPath(ctx context.Context, name string) (*client, string, error) {
	api, err := c.client()
	if err != nil {
		return nil, "", err
	}
	eventID, pipeline, named := strings.Cut(name, ":")
	if !named {
		answer, err := api.get(ctx, "/api/v3/runs", url.Values{"event": {eventID}})
		if err != nil {
			return nil, "", err
		}
		rows, _ := answer["runs"].([]any)
		if len(rows) == 0 {
			return nil, "", fault.New(fault.RunUnknown, "there is no run for an event %s", eventID)
		}
		if len(rows) > 1 {
			var names []string
			for _, row := range rows {
				fields, _ := row.(map[string]any)
				names = append(names, cellText(fields["pipeline"]))
			}
			return nil, "", fault.New(fault.CLIUsage, "%d pipelines ran for the event", len(rows)).
				WithHint("name one of them as %s:PIPELINE: %s", eventID, strings.Join(names, ", "))
		}
		fields, _ := rows[0].(map[string]any)
		pipeline = cellText(fields["pipeline"])
	}
	return api, runPath(eventID, pipeline), nil
}

func runPath(eventID, pipeline string) string {
	return "/api/v3/runs/" + url.PathEscape(eventID) + "/" + url.PathEscape(pipeline)
}

// post sends something that changes a run.
func (a *client) post(ctx context.Context, path string, query url.Values, body []byte) (map[string]any, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return a.do(ctx, http.MethodPost, path, body)
}
