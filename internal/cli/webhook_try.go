package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
)

// tryFlags are what `pi webhook test` is given.
type tryFlags struct{ event, body, base string }

func (c *cli) webhookTestCommand() *cobra.Command {
	var f tryFlags
	cmd := &cobra.Command{
		Use:   "test WEBHOOK",
		Short: "Send a sample request to a webhook, as its sender would",
		Long: "Send a sample request to the webhook's own address, signed with its own secret as its preset says, and tell what came\n" +
			"back; of a refusal also the reason. The request makes an event, as any other. It needs neither the token nor the\n" +
			"secret: the server signs it and opens the webhook to it for a minute.",
		Example: "  pi webhook test $ID\n  pi webhook test $ID --event ping -o json",
		Args:    wants([]string{"WEBHOOK"}, 1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.tryWebhook(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.event, "event", "", "`NAME` of the event; `pi webhook presets PRESET` lists those with a sample")
	flags.StringVar(&f.body, "body", "", "the body: `TEXT`, or @file, or @- for standard input (default: a sample of the preset)")
	flags.StringVar(&f.base, "url", "", "send to the server at this `URL` instead of its public address")
	return cmd
}

// tried is what came back from a sample request.
type tried struct {
	Status    int    `json:"status"`
	URL       string `json:"url"` // without the token
	Event     string `json:"event,omitempty"`
	Body      string `json:"body"`
	RequestID string `json:"requestId,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Detail    string `json:"detail,omitempty"`
}

func (c *cli) tryWebhook(ctx context.Context, ref string, f tryFlags) error {
	params := map[string]any{"uuid": ref}
	if f.event != "" {
		params["event"] = f.event
	}
	if f.body != "" {
		body, err := c.content(f.body, "the body")
		if err != nil {
			return err
		}
		params["body"] = string(body)
	}
	sample, err := c.webhookCall(ctx, "webhook.sample", params)
	if err != nil {
		return err
	}
	out, err := c.sendSample(ctx, sample, f.base)
	if err != nil {
		return err
	}
	if out.Status >= http.StatusMultipleChoices {
		c.explainRefusal(ctx, out)
	}
	if err := c.showTried(out); err != nil {
		return err
	}
	if out.Status >= http.StatusMultipleChoices {
		return exitError(1)
	}
	return nil
}

func (c *cli) sendSample(ctx context.Context, sample map[string]any, base string) (*tried, error) {
	address, err := addressOf(cellText(sample["url"]), base)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cellText(sample["method"]), address.String(), strings.NewReader(cellText(sample["body"])))
	if err != nil {
		return nil, fault.New(fault.CLIUsage, "the request cannot be made of this address")
	}
	fields, _ := sample["headers"].([]any)
	for _, field := range fields {
		if pair, ok := field.([]any); ok && len(pair) == 2 {
			req.Header.Add(cellText(pair[0]), cellText(pair[1]))
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, fault.New(fault.CLIUnreachable, "nothing answers at %s", address.Host).
			WithHint("check ingress.url, or give the address of the server with --url")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, fault.New(fault.CLIUnreachable, "the answer broke off")
	}
	address.RawQuery = ""
	return &tried{
		Status: res.StatusCode, URL: address.String(), Event: cellText(sample["event"]), Body: string(body),
		RequestID: res.Header.Get("X-Request-Id"),
	}, nil
}

// addressOf gives the address of the sample, or the same path at another server.
func addressOf(text, base string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fault.New(fault.CLIUnreachable, "the server gave no usable address")
	}
	if base == "" {
		return u, nil
	}
	other, err := url.Parse(base)
	if err != nil || other.Scheme != "http" && other.Scheme != "https" || other.Host == "" {
		return nil, fault.New(fault.CLIUsage, "the flag \"--url\" has to be an absolute http or https address")
	}
	u.Scheme, u.Host = other.Scheme, other.Host
	return u, nil
}

// explainRefusal looks the reason up among the refused requests of the server; without it the answer stands alone.
func (c *cli) explainRefusal(ctx context.Context, t *tried) {
	const newest = 50
	rows, err := c.list(ctx, "rejects", url.Values{}, newest)
	if err != nil || t.RequestID == "" {
		return
	}
	for _, row := range rows {
		if fields, ok := row.(map[string]any); ok && cellText(fields["traceId"]) == t.RequestID {
			t.Reason, t.Detail = cellText(fields["reason"]), cellText(fields["detail"])
		}
	}
}

func (c *cli) showTried(t *tried) error {
	if c.output == "json" || c.output == "yaml" {
		v, err := model(t)
		if err != nil {
			return err
		}
		return c.show(v, "yaml")
	}
	if _, err := fmt.Fprintf(c.Stdout, "%d %s from %s\n%s\n", t.Status, http.StatusText(t.Status), c.clean(t.URL), c.cleanLines(t.Body)); err != nil {
		return err
	}
	if t.Reason == "" {
		return nil
	}
	line := "reason: " + c.clean(t.Reason)
	if t.Detail != "" {
		line += ": " + c.clean(t.Detail)
	}
	_, err := fmt.Fprintln(c.Stdout, line)
	return err
}
