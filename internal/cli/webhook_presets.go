package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) webhookPresetsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the senders whose requests can be proven, or tell how to set one up",
		Example: "  pi webhook presets\n" +
			"  pi webhook presets github",
		Args: wants(nil, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			presets, err := c.presets()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return c.listPresets(presets)
			}
			info, known := presets.Info(args[0])
			if !known {
				return fault.New(fault.CLIUsage, "there is no preset %q", args[0]).WithHint("%s", fault.DidYouMean(args[0], presets.Names()))
			}
			return c.show(presetObject(info), "yaml")
		},
	}
}

// presets loads those that ship, and the operator's own.
func (c *cli) presets() (*verify.Presets, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	return app.Presets(config)
}

func (c *cli) listPresets(presets *verify.Presets) error {
	var rows []any
	for _, info := range presets.All() {
		rows = append(rows, presetObject(info))
	}
	return c.table(rows, []column{
		field("NAME", "name"), field("SENDER", "summary"), field("PROOF", "signature"), field("MAX AGE", "tolerance"),
		field("HANDSHAKES", "handshakes"),
	}, "there are no presets")
}

func presetObject(i verify.Info) map[string]any {
	tolerance := ""
	if i.Timestamped {
		tolerance = i.Tolerance.String()
	}
	return map[string]any{
		"name": i.Name, "summary": i.Summary, "docs": i.Docs, "setup": strings.TrimSpace(i.Setup), "signature": i.Signature,
		"delivery": i.Delivery, "event": i.Event, "tolerance": tolerance, "offByDefault": i.Off, "signsAddress": i.Address,
		"options": list(i.Settings), "handshakes": list(i.Handshakes), "samples": list(i.Samples),
	}
}

// sampleOf gives the body that a sender would send.
func sampleOf(presets *verify.Presets, preset, event string) (body []byte, of string, err error) {
	body, of, ok := presets.Sample(preset, event)
	if ok {
		return body, of, nil
	}
	info, _ := presets.Info(preset)
	if event == "" || len(info.Samples) == 0 {
		return nil, "", fault.New(fault.CLIUsage, "the preset %q has no sample body", preset).WithHint("give one with --body @file")
	}
	return nil, "", fault.New(fault.CLIUsage, "the preset %q has no sample of the event %q", preset, event).
		WithHint("it has %s; or give a body with --body", fmt.Sprintf("%q", info.Samples))
}
