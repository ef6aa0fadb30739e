package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

func (c *cli) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugin",
		Short:   "List, inspect and pack plugins",
		Example: "  pi plugin list\n  pi plugin pack echo.wasm\n  pi plugin inspect plugins/echo.wasm",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:     "list",
			Short:   "List the plugins in plugins.dir with what they ask for and are granted",
			Example: "  pi plugin list\n  pi plugin list -o json",
			Args:    wants(nil, 0),
			RunE:    func(*cobra.Command, []string) error { return c.pluginList() },
		},
		&cobra.Command{
			Use:   "inspect FILE",
			Short: "Show what a plugin file says of itself and needs",
			Long: "Show what a plugin file says of itself: commands, parameters, capabilities; and what the bytes show: digest, size,\n" +
				"imports. Nothing of the file is run.",
			Example: "  pi plugin inspect plugins/echo.wasm\n  pi plugin inspect echo.wasm -o json",
			Args:    wants([]string{"FILE"}, 1),
			RunE:    func(_ *cobra.Command, args []string) error { return c.pluginInspect(args[0]) },
		},
		c.pluginPackCommand(),
	)
	return cmd
}

func (c *cli) pluginList() error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	dir := c.path(cfg.Plugins.Dir)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(fault.PluginInvalid, plainCause(err), "reading the plugin directory").In("plugins.dir")
	}
	var rows []any
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".wasm") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return fault.Wrap(fault.PluginInvalid, plainCause(err), "reading a plugin").At(fault.Position{File: entry.Name()})
		}
		rows = append(rows, c.pluginRow(cfg, entry.Name(), data))
	}
	return c.table(rows, []column{
		field("PLUGIN", "name"), field("VERSION", "version"), field("COMMANDS", "commands"), field("ASKS FOR", "asks"),
		field("GRANTED", "granted"), field("PROBLEM", "problem"),
	}, fmt.Sprintf("no plugin is in %s", cfg.Plugins.Dir))
}

func (c *cli) pluginRow(cfg *configs.Config, file string, data []byte) map[string]any {
	row := map[string]any{"name": strings.TrimSuffix(file, ".wasm"), "file": file}
	info, err := wasm.Inspect(data)
	switch {
	case err != nil:
		row["problem"] = c.problems(err)[0].Message
		return row
	case !info.Packed:
		row["problem"] = "it is not packed: run `pi plugin pack " + file + "`"
		return row
	}
	var commands, asks, granted []any
	for _, command := range info.Manifest.Commands {
		commands = append(commands, command.Spec.Name)
	}
	grant := cfg.Plugins.Grants[info.Manifest.Name]
	for _, name := range info.Manifest.Capabilities {
		asks = append(asks, name)
		if _, ok := grant.Capabilities[name]; ok {
			granted = append(granted, name)
		}
	}
	row["name"], row["version"], row["commands"], row["asks"], row["granted"] = info.Manifest.Name, info.Manifest.Version, commands, asks, granted
	row["digest"] = info.Digest
	return row
}

func (c *cli) pluginInspect(file string) error {
	data, err := c.load(file, "a plugin")
	if err != nil {
		return err
	}
	info, err := wasm.Inspect(data)
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "inspecting %s", file)
	}
	shown := map[string]any{
		"packed": info.Packed, "digest": info.Digest, "bytes": info.Size, "functions": info.Functions, "imports": importNames(info.Imports),
	}
	if info.Packed {
		shown["plugin"] = manifest(info.Manifest)
	}
	return c.show(shown, "yaml")
}

func importNames(imports []wasm.Import) []any {
	out := make([]any, len(imports))
	for i, imp := range imports {
		out[i] = imp.Module + "." + imp.Name
	}
	return out
}

func manifest(m wasm.Manifest) map[string]any {
	commands := make([]any, len(m.Commands))
	for i, one := range m.Commands {
		params := make([]any, len(one.Spec.Params))
		for j, p := range one.Spec.Params {
			params[j] = map[string]any{"name": p.Name, "type": string(p.Type), "required": p.Required, "summary": p.Summary}
		}
		commands[i] = map[string]any{"name": one.Spec.Name, "summary": one.Spec.Summary, "params": params, "effect": one.Spec.Effect}
	}
	capabilities := make([]any, len(m.Capabilities))
	for i, name := range slices.Sorted(slices.Values(m.Capabilities)) {
		capabilities[i] = name
	}
	return map[string]any{
		"name": m.Name, "version": m.Version, "abi": m.ABI, "sdk": m.SDK, "summary": m.Summary, "commands": commands,
		"capabilities": capabilities, "memoryMB": m.MemoryMB, "isolation": string(m.Isolation),
	}
}
