package cli

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/ingress/judge"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// proofFlags are what a scheme is told by hand.
type proofFlags struct {
	preset    string
	secrets   []string
	keys      []string
	options   []string
	tolerance int
}

func (f *proofFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.secrets, "secret", nil, "`SECRET`: env:NAME, file:PATH or the text itself; may be repeated")
	flags.StringArrayVar(&f.options, "option", nil, "option of the preset, `NAME=VALUE`, such as header=X-Signature; may be repeated")
}

// verifyFlags are what `pi webhook verify` is given.
type verifyFlags struct {
	proof                   proofFlags
	request, url, peer, now string
	json, explain           bool
}

func (c *cli) webhookVerifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Tell whether a request would be accepted, and why not",
		Long: "Judge a raw HTTP/1.1 request from a file with the code of the server, without a server. Unlike the server's answer to\n" +
			"the sender, this tells what is wrong; --explain looks for the likely cause. Nothing is fetched: keys come from --key.\n" +
			"The exit code is 0 when the request is accepted, 1 when it is refused, 2 when the command line is wrong.",
		Example: "  pi webhook verify --preset github --secret env:GITHUB_SECRET --request request.txt --explain\n" +
			"  pi webhook verify --preset hmac --option header=X-Signature --secret file:secret.txt --request -\n" +
			"  pi webhook verify --preset twilio --secret env:TWILIO_TOKEN --url https://hooks.example.com/sms --request request.txt\n" +
			"  pi webhook verify --preset stripe --secret env:STRIPE_SECRET --request request.txt --now 1700000000 --json",
		Args: wants(nil, 0),
		RunE: func(*cobra.Command, []string) error { return c.verify(f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.proof.preset, "preset", "", "`NAME` of the preset; `pi webhook presets` lists them")
	f.proof.add(cmd)
	flags.StringArrayVar(&f.proof.keys, "key", nil, "`FILE` with the public key, JWKS or certificates of a preset that uses them; may be repeated")
	flags.StringVar(&f.request, "request", "", "`FILE` with the raw request; - is standard input")
	flags.StringVar(&f.url, "url", "", "`ADDRESS` as the sender knows it, for presets that sign it")
	flags.StringVar(&f.peer, "peer", "", "`ADDRESS` of the connection's other end (default 127.0.0.1)")
	flags.StringVar(&f.now, "now", "", "judge as if it were this `TIME`: Unix seconds or RFC 3339")
	flags.IntVar(&f.proof.tolerance, "tolerance", 0, "allowed age in `SECONDS` (default: the preset's)")
	flags.BoolVar(&f.json, "json", false, "print {valid, reason, handshake ...} as JSON")
	flags.BoolVar(&f.explain, "explain", false, "look for the likely cause of a refusal")
	return cmd
}

func (c *cli) verify(f verifyFlags) error {
	if f.json {
		c.output = "json"
	}
	setup, err := c.judgeSetup(f)
	if err != nil {
		return err
	}
	if _, err := setup.Presets.Compile(setup.Verify, setup.Material); err != nil {
		return err
	}
	if f.request == "" {
		return fault.New(fault.CLIUsage, "--request is missing").WithHint("give the file with the raw request: --request request.txt")
	}
	raw, err := c.content("@"+f.request, "the request")
	if err != nil {
		return err
	}
	request, err := judge.Read(raw)
	if err != nil {
		return fault.Wrap(fault.CLIUsage, err, "reading the request")
	}
	return c.judged(request, setup, f.explain)
}

// judged judges the request, says the verdict and gives the exit code as an error.
func (c *cli) judged(request *judge.Request, setup judge.Setup, explain bool) error {
	verdict, err := request.Judge(setup)
	if err != nil {
		return err
	}
	var hints []judge.Hint
	if explain {
		hints = request.Explain(setup, verdict)
	}
	if c.output == "json" || c.output == "yaml" {
		err = c.show(verdict.Object(hints), "json")
	} else {
		err = c.sayVerdict(verdict, hints)
	}
	if err == nil && !verdict.Accepted() {
		err = exitError(1)
	}
	return err
}

func (c *cli) judgeSetup(f verifyFlags) (judge.Setup, error) {
	setup := judge.Setup{URL: f.url, Now: c.Now()}
	var err error
	if setup.Presets, setup.Verify, setup.Material, err = c.proof(f.proof); err != nil {
		return setup, err
	}
	for _, file := range f.proof.keys {
		text, err := os.ReadFile(file)
		if err != nil {
			return setup, fault.New(fault.CLIUsage, "the key file cannot be read").In("--key").WithHint("check the path and its permissions")
		}
		setup.Material.Keys = append(setup.Material.Keys, text)
	}
	if f.peer != "" {
		if setup.Peer, err = peerOf(f.peer); err != nil {
			return setup, err
		}
	}
	if f.now != "" {
		if setup.Now, err = timeOf(f.now); err != nil {
			return setup, err
		}
	}
	return setup, nil
}

// proof reads the settings of a scheme.
func (c *cli) proof(f proofFlags) (*verify.Presets, webhook.Verify, verify.Material, error) {
	settings := webhook.Verify{Preset: f.preset, Tolerance: f.tolerance, Options: webhook.Options{}}
	var material verify.Material
	if f.preset == "" {
		return nil, settings, material, fault.New(fault.CLIUsage, "--preset is missing").WithHint("name the sender's scheme, for example --preset github; `pi webhook presets` lists them")
	}
	for _, text := range f.options {
		name, v, err := keyValue(text, "--option")
		if err != nil {
			return nil, settings, material, err
		}
		settings.Options[name] = append(settings.Options[name], v)
	}
	for _, ref := range f.secrets {
		text, err := c.resolver.Resolve(ref)
		if err != nil {
			return nil, settings, material, err
		}
		material.Secrets = append(material.Secrets, verify.Secret{Text: []byte(text)})
	}
	config, err := c.config()
	if err != nil {
		return nil, settings, material, err
	}
	if material.Lists, err = app.AddressLists(config); err != nil {
		return nil, settings, material, err
	}
	presets, err := app.Presets(config)
	return presets, settings, material, err
}

func peerOf(text string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Unmap(), nil
	}
	if address, err := netip.ParseAddrPort(text); err == nil {
		return address.Addr().Unmap(), nil
	}
	return netip.Addr{}, fault.New(fault.CLIUsage, "the flag \"--peer\" has to be an IP address")
}

func timeOf(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, fault.New(fault.CLIUsage, "the flag \"--now\" has to be Unix seconds, or a time such as 2026-01-31T12:00:00Z")
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

func (c *cli) sayVerdict(v judge.Verdict, hints []judge.Hint) error {
	var b strings.Builder
	switch h := v.Delivery.Handshake; {
	case !v.Accepted():
		fmt.Fprintf(&b, "refused: %s: %s\n", v.Reason, v.Detail)
	case h != nil:
		fmt.Fprintf(&b, "accepted: the handshake %s, which is answered with status %d and makes no event\n", h.Name, h.Status)
	case v.Delivery.ID == "":
		b.WriteString("accepted: it has no delivery id, so a repeated request makes a second event\n")
	default:
		fmt.Fprintf(&b, "accepted: delivery id %s\n", v.Delivery.ID)
	}
	for _, note := range v.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	for _, h := range hints {
		fmt.Fprintf(&b, "hint: %s (%s)\n", h.Text, h.Cause)
	}
	_, err := c.Stdout.Write([]byte(c.cleanLines(b.String())))
	return err
}

func (c *cli) cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = c.clean(line)
	}
	return strings.Join(lines, "\n")
}
