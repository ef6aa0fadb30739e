package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/wasm"
)

// BenchmarkStart is the time from reading the configuration to both listeners being open, with the plugin
// mail.send in the cache and one pipeline.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	host, err := wasm.NewHost(b.Context(), wasm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	packed, err := host.Pack(b.Context(), guest.Build(b, "../../plugins/mail.send"))
	if err != nil {
		b.Fatal(err)
	}
	if err := host.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"plugins/mail.send.wasm": packed, "pipelines/load.pi.yaml": []byte(saying)} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	start(b, dir) // fills the cache
	for b.Loop() {
		start(b, dir)
	}
}

// start runs a server until it listens, then ends it.
func start(b *testing.B, dir string) {
	b.Helper()
	config, err := configs.Load(configs.Sources{Set: []string{
		"store.dir=" + filepath.Join(dir, "data"), "pipelines.dir=" + filepath.Join(dir, "pipelines"),
		"plugins.dir=" + filepath.Join(dir, "plugins"), "ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0", "admin.token=" + token,
	}})
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.Open(b.Context(), app.Params{
		Config: config, Logger: slog.New(slog.DiscardHandler), Version: "bench", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select {
	case <-a.Listening():
		b.StopTimer()
		stop()
		err = <-ended
		b.StartTimer()
	case err = <-ended:
	}
	stop()
	if err != nil {
		b.Fatal(err)
	}
}
