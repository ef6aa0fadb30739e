package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Look at refused requests, try out signatures",
		Long: "Webhooks are made, listed and deleted with `pi command webhook.put`, webhook.get and webhook.delete.\n" +
			"The commands here help when a sender is refused.",
		Example: "  pi webhook rejects",
	}
	cmd.AddCommand(c.webhookVerifyCommand(), c.webhookRejectsCommand())
	return cmd
}

func (c *cli) webhookRejectsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "rejects",
		Short:   "List the newest refused requests and why they were refused",
		Example: "  pi webhook rejects\n  pi webhook rejects --limit 5 -o json",
		Args:    wants(nil, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := c.list(cmd.Context(), "rejects", url.Values{}, limit)
			if err != nil {
				return err
			}
			return c.table(rows, []column{
				field("TIME", "time"), field("STATUS", "status"), field("REASON", "reason"), field("WEBHOOK", "webhook"),
				field("REMOTE", "remote"), field("BYTES", "bytes"), field("DETAIL", "detail"),
			}, "no request was refused")
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}

// verifyFlags are what `pi webhook verify` is given.
type verifyFlags struct {
	settings webhook.Verify
	options  [4]string // header, algorithm, encoding, prefix
	secrets  []string
	headers  []string
	body, at string
}

func (c *cli) webhookVerifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Tell whether a signed request would be accepted, and why not",
		Long: "Judge a request as the server would, without a server. Unlike the server's answer to the sender, this tells what is\n" +
			"wrong. The body has to be the bytes as they were sent.",
		Example: "  pi webhook verify --preset github --secret env:GITHUB_SECRET \\\n" +
			"    --header 'X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958' \\\n" +
			"    --header 'X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' --body 'Hello, World!'\n" +
			"  pi webhook verify --preset hmac --signature-header X-Signature --secret file:secret.txt \\\n" +
			"    --header 'X-Signature: 110a26e160d6438bc492ee3135dd1b1ec4d9dd13164751cc0182f2a12e4c81e5' --body @body.json",
		Args: wants(nil, 0),
		RunE: func(*cobra.Command, []string) error { return c.verify(f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.settings.Preset, "preset", "", "`NAME` of the signature preset")
	flags.StringArrayVar(&f.secrets, "secret", nil, "`SECRET`: env:NAME, file:PATH or the text itself; may be repeated")
	flags.StringArrayVar(&f.headers, "header", nil, "a header of the request, `NAME:VALUE`; may be repeated")
	flags.StringVar(&f.body, "body", "", "the body: `TEXT`, or @file, or @- for standard input")
	flags.StringVar(&f.at, "at", "", "judge as if it were this `TIME` (RFC 3339), for requests that were kept")
	flags.IntVar(&f.settings.Tolerance, "tolerance", 0, "allowed age in `SECONDS` (default: the preset's)")
	flags.StringVar(&f.options[0], "signature-header", "", "for the preset hmac: `NAME` of the header with the signature")
	flags.StringVar(&f.options[1], "algorithm", "", "for the preset hmac: sha256, sha512 or sha1")
	flags.StringVar(&f.options[2], "encoding", "", "for the preset hmac: hex or base64")
	flags.StringVar(&f.options[3], "prefix", "", "for the preset hmac: `TEXT` in front of the signature")
	return cmd
}

func (c *cli) verify(f verifyFlags) error {
	if f.settings.Preset == "" {
		return fault.New(fault.CLIUsage, "--preset is missing").WithHint("name the sender's scheme, for example --preset github")
	}
	for i, name := range []string{"header", "algorithm", "encoding", "prefix"} {
		if f.options[i] == "" {
			continue
		}
		if f.settings.Options == nil {
			f.settings.Options = webhook.Options{}
		}
		f.settings.Options[name] = []string{f.options[i]}
	}
	now := c.Now()
	if f.at != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, f.at); err != nil {
			return fault.New(fault.CLIUsage, "the flag \"--at\" has to be a time such as 2026-01-31T12:00:00Z")
		}
	}
	header := http.Header{}
	for _, text := range f.headers {
		name, v, ok := strings.Cut(text, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return fault.New(fault.CLIUsage, "the flag \"--header\" has to be NAME:VALUE")
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(v))
	}
	body, err := c.content(f.body, "the body")
	if err != nil {
		return err
	}
	var secrets [][]byte
	for _, ref := range f.secrets {
		text, err := c.resolver.Resolve(ref)
		if err != nil {
			return err
		}
		secrets = append(secrets, []byte(text))
	}
	presets, err := verify.Load()
	if err != nil {
		return err
	}
	verifier, err := presets.Compile(f.settings, secrets)
	if err != nil {
		return err
	}
	delivery, err := verifier.Verify(verify.Request{Header: headerFields(header), Body: body}, now)
	if err != nil {
		return fault.New(fault.WebhookUnverified, "the request would be refused: %s", err.Error()).
			WithHint("%s", strings.Join(presented(header, len(body)), ", "))
	}
	if c.output == "json" || c.output == "yaml" {
		return c.show(map[string]any{"status": "accepted", "deliveryId": delivery.ID}, "yaml")
	}
	id := "it has no delivery id, so a repeated request makes a second event"
	if delivery.ID != "" {
		id = "delivery id " + c.clean(delivery.ID)
	}
	_, err = fmt.Fprintf(c.Stdout, "accepted: %s\n", id)
	return err
}

// presented says what was judged, without any value.
func presented(header http.Header, bytes int) []string {
	out := []string{fmt.Sprintf("judged a body of %d bytes", bytes)}
	if len(header) == 0 {
		return append(out, "no header was given")
	}
	for name := range header {
		out = append(out, "header "+name)
	}
	return out
}

// headerFields gives the verifier access to the headers.
type headerFields http.Header

func (h headerFields) Field(name string) ([]byte, int) {
	values := http.Header(h).Values(name)
	if len(values) == 0 {
		return nil, 0
	}
	return []byte(values[0]), len(values)
}
