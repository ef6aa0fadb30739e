package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  pi version\n  pi version -o json",
		Args:    wants(nil, 0),
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if c.output == "json" || c.output == "yaml" {
				return c.show(map[string]any{"version": c.Version, "go": runtime.Version(), "platform": platform}, "yaml")
			}
			_, err := fmt.Fprintf(c.Stdout, "pi %s (%s, %s)\n", c.Version, runtime.Version(), platform)
			return err
		},
	}
}
