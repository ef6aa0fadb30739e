package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// runFlags are what `pi run` is given.
type runFlags struct {
	body, event, payload, identity string
	hasBody                        bool
	vars                           []string
}

func (c *cli) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run one pipeline here, without a server",
		Long: "Run one pipeline in this process and print its final body. Plugins, mail and rights are those of the configuration;\n" +
			"events that the pipeline sends go nowhere. With --event KEY the pipeline gets an event as a webhook would make it, and\n" +
			"--body is the webhook's body; without, --body is the first body itself. A body that is JSON is read as JSON.",
		Example: "  pi run greet.pi.yaml --body '{\"name\": \"Jane\"}'\n" +
			"  pi run lead.pi.yaml --event webhook.lead.created --body 'Jane wants a boat'\n" +
			"  pi run push.pi.yaml --event @event.json --var dry=true",
		Args: wants([]string{"FILE"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasBody = cmd.Flags().Changed("body")
			return c.run(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVar(&f.body, "body", "", "`TEXT`, or @file, or @- for standard input")
	cmd.Flags().StringVar(&f.event, "event", "", "`KEY` of the event to make, or @file with an event as JSON")
	cmd.Flags().StringVar(&f.payload, "payload-type", "base64", "how --body becomes the event's payload: base64, raw or ignore")
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "set a variable: `NAME=VALUE`; may be repeated")
	cmd.Flags().StringVar(&f.identity, "as", "", "`IDENTITY` to begin as (default: that of webhooks, anonymousUser)")
	return cmd
}

func (c *cli) run(ctx context.Context, file string, f runFlags) (err error) {
	job := app.RunFile{Path: c.path(file), Identity: f.identity}
	if job.Vars, err = variables(f.vars); err != nil {
		return err
	}
	if err := c.input(&job, f); err != nil {
		return err
	}
	if _, err := c.load(file, "a pipeline"); err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	tools, err := app.OpenTools(ctx, c.params(cfg, c.logger(cfg, true)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tools.Close(context.WithoutCancel(ctx))) }()
	out, err := tools.RunFile(ctx, job)
	if err != nil {
		return err
	}
	if text, ok := out.Body.(string); ok && c.output == "" {
		return c.show(text, "plain")
	}
	return c.show(out.Body, "yaml")
}

// input sets the event and the first body.
func (c *cli) input(job *app.RunFile, f runFlags) error {
	types := []string{"base64", "raw", "ignore"}
	if !slices.Contains(types, f.payload) {
		return fault.New(fault.CLIUsage, "the flag \"--payload-type\" has to be base64, raw or ignore").WithHint("%s", fault.DidYouMean(f.payload, types))
	}
	var body []byte
	if f.hasBody {
		var err error
		if body, err = c.content(f.body, "the body"); err != nil {
			return err
		}
	}
	switch {
	case f.event == "":
		job.Body, job.HasBody = loose(body), f.hasBody
		return nil
	case strings.HasPrefix(f.event, "@"):
		if f.hasBody {
			return fault.New(fault.CLIUsage, "an event from a file has its own payload").WithHint("leave --body out, or give --event KEY")
		}
		return c.eventFile(job, f.event)
	}
	if err := event.CheckKey(f.event); err != nil {
		return err
	}
	e := event.New(f.event, c.Now())
	if f.hasBody && f.payload != "ignore" {
		payload := loose(body)
		if f.payload == "base64" {
			payload = map[string]any{"origin": base64.StdEncoding.EncodeToString(body)}
		}
		var err error
		if e.Payload, err = value.AppendJSON(nil, payload); err != nil {
			return fault.Wrap(fault.CLIUsage, err, "encoding the payload")
		}
	}
	job.Event = &e
	return nil
}

func (c *cli) eventFile(job *app.RunFile, name string) error {
	data, err := c.content(name, "the event")
	if err != nil {
		return err
	}
	e, object, err := event.Unmarshal(data)
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "reading the event").At(fault.Position{File: name[1:]}).
			WithHint("`pi events ID -o json` prints one that was accepted")
	}
	if e.Payload, err = object.Payload(); err != nil {
		return err
	}
	job.Event = &e
	return nil
}

func variables(texts []string) (map[string]any, error) {
	vars := map[string]any{}
	for _, text := range texts {
		name, v, err := keyValue(text, "a variable")
		if err != nil {
			return nil, err
		}
		vars[name] = loose([]byte(v))
	}
	return vars, nil
}

// loose reads JSON where data is JSON, else text.
func loose(data []byte) any {
	if v, err := value.Decode(data); err == nil {
		return v
	}
	if !utf8.Valid(data) {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(data)
}
