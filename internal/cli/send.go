package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
)

// sendFlags are what `pi send` is given.
type sendFlags struct {
	proof           proofFlags
	event, id, body string
	privateKey, now string
	printOnly       bool
}

func (c *cli) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send PRESET URL",
		Short: "Sign and send a request as a provider would",
		Long: "Make a request in a provider's shape, sign it as the provider does, and send it: for trying out webhooks and pipelines\n" +
			"without the provider. Without --body a sample of the preset is sent. --print writes the request instead of sending it,\n" +
			"in the form that `pi webhook verify --request` reads.",
		Example: "  pi send github --secret env:GITHUB_SECRET $URL\n" +
			"  pi send stripe --event charge.failed --secret env:STRIPE_SECRET --body @event.json $URL\n" +
			"  pi send slack --secret s3cr3t --print $URL",
		Args: wants([]string{"PRESET", "URL"}, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.proof.preset = args[0]
			return c.send(cmd.Context(), f, args[1])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.event, "event", "", "`NAME` of the event; `pi webhook presets PRESET` lists those with a sample")
	flags.StringVar(&f.body, "body", "", "the body: `TEXT`, or @file, or @- for standard input (default: a sample of the preset)")
	f.proof.add(cmd)
	flags.StringVar(&f.privateKey, "private-key", "", "`FILE` with the private key (PEM), for presets that sign with one")
	flags.StringVar(&f.id, "id", "", "delivery `ID` (default: a new one)")
	flags.StringVar(&f.now, "now", "", "sign as if it were this `TIME`: Unix seconds or RFC 3339")
	flags.BoolVar(&f.printOnly, "print", false, "write the raw request to standard output and send nothing")
	return cmd
}

func (c *cli) send(ctx context.Context, f sendFlags, address string) error {
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fault.New(fault.CLIUsage, "the URL has to be an absolute http or https address")
	}
	out, err := c.outgoing(f, address)
	if err != nil {
		return err
	}
	if f.printOnly {
		return c.printRequest(out)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, out.Method, out.URL, bytes.NewReader(out.Body))
	if err != nil {
		return fault.New(fault.CLIUsage, "the request cannot be made of this address")
	}
	for _, field := range out.Header {
		req.Header.Add(field[0], field[1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return fault.New(fault.CLIUnreachable, "nothing answers at %s", req.URL.Host).WithHint("check the address and that the server runs")
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fault.New(fault.CLIUnreachable, "the answer broke off")
	}
	if _, err := fmt.Fprintf(c.Stdout, "%s\n%s\n", c.clean(res.Status), c.cleanLines(string(answer))); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return exitError(1)
	}
	return nil
}

func (c *cli) outgoing(f sendFlags, address string) (*verify.Outgoing, error) {
	presets, settings, material, err := c.proof(f.proof)
	if err != nil {
		return nil, err
	}
	if _, known := presets.Info(f.proof.preset); !known {
		return nil, fault.New(fault.CLIUsage, "there is no preset %q", f.proof.preset).WithHint("%s", fault.DidYouMean(f.proof.preset, presets.Names()))
	}
	out := &verify.Outgoing{Method: http.MethodPost, URL: address, Event: f.event, ID: f.id, Now: c.Now()}
	if f.now != "" {
		if out.Now, err = timeOf(f.now); err != nil {
			return nil, err
		}
	}
	if f.body != "" {
		out.Body, err = c.content(f.body, "the body")
	} else {
		out.Body, out.Event, err = sampleOf(presets, f.proof.preset, f.event)
	}
	if err != nil {
		return nil, err
	}
	if f.privateKey != "" {
		if out.PrivateKey, err = os.ReadFile(f.privateKey); err != nil {
			return nil, fault.New(fault.CLIUsage, "the private key cannot be read").In("--private-key").WithHint("check the path and its permissions")
		}
	}
	return out, presets.Sign(settings, material, out)
}

// printRequest writes the request as it would go over the wire.
func (c *cli) printRequest(out *verify.Outgoing) error {
	u, err := url.Parse(out.URL)
	if err != nil {
		return fault.New(fault.CLIUsage, "the request cannot be made of this address")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", out.Method, u.RequestURI(), u.Host)
	for _, field := range out.Header {
		if strings.EqualFold(field[0], "Host") || strings.EqualFold(field[0], "Content-Length") {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\r\n", field[0], field[1])
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(out.Body), out.Body)
	_, err = c.Stdout.Write(b.Bytes())
	return err
}
