package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

func (c *cli) pluginPackCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "pack FILE",
		Short: "Ask a built plugin for its description and put it into the file",
		Long: "Ask a built plugin for its description, without any power, check it, and put it into the file, so that a server\n" +
			"and `pi plugin inspect` know the plugin without running it. The file is replaced in one step.",
		Example: "  pi plugin pack echo.wasm\n  pi plugin pack echo.wasm --to plugins/echo.wasm",
		Args:    wants([]string{"FILE"}, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				to = args[0]
			}
			return c.pluginPack(cmd.Context(), args[0], to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "write to `FILE` instead")
	return cmd
}

func (c *cli) pluginPack(ctx context.Context, file, to string) (err error) {
	data, err := c.load(file, "a plugin")
	if err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: c.logger(cfg, true), Now: c.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(context.WithoutCancel(ctx))) }()
	packed, err := host.Pack(ctx, data)
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "reading %s", file)
	}
	if err := replaceFile(c.path(to), packed, 0o644); err != nil {
		return fault.Wrap(fault.PluginInvalid, plainCause(err), "writing the plugin").At(fault.Position{File: to}).WithHint("check path and permissions")
	}
	info, err := wasm.Inspect(packed)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "packed %s %s, %s, %s\n", info.Manifest.Name, info.Manifest.Version,
		count(len(info.Manifest.Commands), "command"), info.Digest)
	return err
}

// replaceFile writes a file beside path and moves it there, so that nobody reads half of it.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Chmod(mode), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
