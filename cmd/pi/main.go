// Command pi runs and operates Penstock. See package cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/penstock/penstock/internal/cli"
)

// version is set by the linker.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Main(ctx, cli.Process(version)))
}
