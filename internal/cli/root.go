package cli

import (
	"errors"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "pi",
		Short: "Take webhooks in and drive pipelines with them",
		Long: "pi takes webhooks in, proves them, writes them down before it answers, and drives YAML pipelines with them.\n" +
			"Every setting is described by `pi config default`.",
		Example: "  pi serve\n  pi command webhook.put eventKey=webhook.lead.created\n  pi lint pipelines",
	}
	flags := root.PersistentFlags()
	flags.StringVar(&c.file, "config", "", "configuration `FILE` (default: $PI_CONFIG, else config.yaml if it is there)")
	flags.StringArrayVar(&c.set, "set", nil, "change one setting: `KEY=VALUE`; may be repeated")
	flags.StringVarP(&c.output, "output", "o", "", "`FORM` of the output: yaml, json or plain")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return c.checkOutput() }

	root.AddCommand(
		c.serveCommand(), c.commandCommand(), c.runCommand(), c.testCommand(), c.lintCommand(), c.webhookCommand(), c.sendCommand(), c.eventsCommand(),
		c.runsCommand(), c.dlqCommand(), c.jobsCommand(), c.pluginCommand(), c.configCommand(), c.doctorCommand(), c.versionCommand(),
		c.schemaCommand(), c.lspCommand(), c.pipelinesCommand(),
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	prepare(root)
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	return root
}

// prepare gives every command our errors in place of the library's.
func prepare(cmd *cobra.Command) {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(flagFault)
	cmd.Flags().SortFlags = false
	if cmd.HasSubCommands() && cmd.RunE == nil {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = group
	}
	for _, sub := range cmd.Commands() {
		prepare(sub)
	}
}

// group is what a command does that only holds others.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	e := fault.New(fault.CLIUsage, "unknown command %q", cmd.CommandPath()+" "+args[0])
	if near := fault.Nearest(args[0], names); near != "" {
		return e.WithHint("did you mean %q?", cmd.CommandPath()+" "+near)
	}
	return e.WithHint("see `%s --help`", cmd.CommandPath())
}

// wants checks the number of arguments: those named must be there, and there may be at most so many.
func wants(names []string, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, "%s is missing", names[len(args)])
		}
		if most >= 0 && len(args) > most {
			return usage(cmd, "there is one argument too many: %q", args[most])
		}
		return nil
	}
}

const anyNumber = -1

func usage(cmd *cobra.Command, format string, args ...any) error {
	return fault.New(fault.CLIUsage, format, args...).WithHint("usage: %s", cmd.UseLine())
}

// flagFault puts the flag library's errors into our words; theirs hold names of Go functions.
func flagFault(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		e := fault.New(fault.CLIUsage, "unknown flag %q", dashed(name))
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := fault.Nearest(name, known); near != "" && len(name) > 1 {
			return e.WithHint("did you mean %q?", "--"+near)
		}
		return e.WithHint("see `%s --help`", cmd.CommandPath())
	case errors.As(err, &missing):
		return fault.New(fault.CLIUsage, "the flag %q needs a value", dashed(missing.GetSpecifiedName())).WithHint("see `%s --help`", cmd.CommandPath())
	case errors.As(err, &invalid):
		kind := map[string]string{"int": "a whole number", "duration": "a duration such as 5s", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
		return fault.New(fault.CLIUsage, "the flag %q has to be %s", dashed(invalid.GetFlag().Name), kind)
	default:
		return fault.New(fault.CLIUsage, "a flag cannot be read").WithHint("see `%s --help`", cmd.CommandPath())
	}
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

var colonSwitch = regexp.MustCompile(`^--?([A-Za-z][A-Za-z-]*):(.*)$`)

// rewriteSwitches takes the form -name:value too, which users of the reference know.
func rewriteSwitches(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		out[i] = arg
		if m := colonSwitch.FindStringSubmatch(arg); m != nil {
			name := m[1]
			if name == "o" {
				name = "output"
			}
			out[i] = "--" + name + "=" + m[2]
		}
	}
	return out
}

// keyValue reads a k=v argument; quotes around the value are taken off.
func keyValue(text, what string) (string, string, error) {
	k, v, ok := strings.Cut(text, "=")
	if !ok || k == "" {
		e := fault.New(fault.CLIUsage, "%s has to be NAME=VALUE", what)
		if k, _, colon := strings.Cut(text, ":"); colon && k != "" && !ok {
			return "", "", e.WithHint("write %s=... with an equals sign", k)
		}
		return "", "", e
	}
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		v = v[1 : len(v)-1]
	}
	return k, v, nil
}
