package cli

import (
	"cmp"
	"errors"
	"io"
	"log/slog"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/fault"
)

// config loads the configuration that this invocation asks for.
func (c *cli) config() (*configs.Config, error) {
	file := cmp.Or(c.file, c.getenv(configs.EnvFile))
	cfg, err := configs.Load(configs.Sources{
		File: cmp.Or(file, "config.yaml"), FileRequired: file != "",
		Environ: func() []string { return c.Environ }, Set: c.set, ReadFile: c.readFile,
	})
	if err != nil {
		return nil, err
	}
	return cfg, nil
}

// logger writes to standard error. Every line passes the scrubber. For people it is text without times,
// whatever `auto` means elsewhere.
func (c *cli) logger(cfg *configs.Config, forPeople bool) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if forPeople && cfg.Log.Format == "auto" {
		o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		}
	}
	var h slog.Handler = slog.NewTextHandler(c.Stderr, o)
	if cfg.Log.Format == "json" || cfg.Log.Format == "auto" && !c.StderrIsTerminal && !forPeople {
		h = slog.NewJSONHandler(c.Stderr, o)
	}
	return slog.New(c.resolver.Scrubber().Handler(h))
}

// content reads a text or, when it begins with '@', the file that it names; @- is standard input.
func (c *cli) content(text, what string) ([]byte, error) {
	if text == "" || text[0] != '@' {
		return []byte(text), nil
	}
	const most = 64 << 20
	name := text[1:]
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(c.Stdin, most))
		if err != nil {
			return nil, fault.Wrap(fault.CLIUsage, err, "reading %s from standard input", what)
		}
		return data, nil
	}
	return c.load(name, what)
}

// load reads a file that the command line names.
func (c *cli) load(name, what string) ([]byte, error) {
	data, err := c.readFile(name)
	if err != nil {
		return nil, unreadable(name, what, err)
	}
	return data, nil
}

// unreadable says that a file which the command line names cannot be read; the file is named once.
func unreadable(name, what string, err error) error {
	return fault.Wrap(fault.CLIUsage, plainCause(err), "reading %s", what).At(fault.Position{File: name}).WithHint("check the path")
}

// plainCause takes operation and path away from a file error.
func plainCause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}
