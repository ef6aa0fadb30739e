package cli

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: "Run the server until it is interrupted: webhooks come in at ingress.address, the admin API listens at admin.address.\n" +
			"While it runs, <store.dir>/admin.json tells the other commands where it is. An interrupt lets running work\n" +
			"finish (engine.grace), a second one ends the process at once.",
		Example: "  pi serve\n  pi serve --config config.yaml --set log.level=debug",
		Args:    wants(nil, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context()) },
	}
}

func (c *cli) serve(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if err := cfg.CheckServe(); err != nil {
		return err
	}
	cfg, made, err := c.adminToken(cfg)
	if err != nil {
		return err
	}
	log := c.logger(cfg, false)
	a, err := app.Open(ctx, c.params(cfg, log))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan struct{})
	announced := make(chan struct{})
	go func() {
		defer close(announced)
		select {
		case addresses := <-a.Listening():
			if err := c.announce(cfg, addresses, made, log); err != nil {
				stop(err)
			}
		case <-ended:
		}
	}()
	err = a.Run(ctx)
	close(ended)
	<-announced
	_ = os.Remove(c.path(cfg.AdminPath())) // it is gone already, or the next start replaces it
	var failed *fault.Error
	if errors.As(context.Cause(ctx), &failed) {
		return errors.Join(failed, err)
	}
	return err
}

func (c *cli) params(cfg *configs.Config, log *slog.Logger) app.Params {
	return app.Params{Config: cfg, Logger: log, Version: c.Version, Resolver: c.resolver, Now: c.Now, Getenv: c.lookupEnv}
}

// adminToken gives a configuration that holds the token itself, made here when none is configured.
func (c *cli) adminToken(cfg *configs.Config) (_ *configs.Config, made string, err error) {
	if !cfg.Admin.Token.IsZero() {
		token, err := c.resolver.Resolve(cfg.Admin.Token.Reveal())
		if err != nil {
			return nil, "", fault.Wrap(fault.CodeOf(err), err, "reading the token").In("admin.token")
		}
		return cfg.WithAdminToken(token), "", nil
	}
	var random [32]byte
	rand.Read(random[:]) // never fails
	made = base64.RawURLEncoding.EncodeToString(random[:])
	c.resolver.Scrubber().Add(made)
	return cfg.WithAdminToken(made), made, nil
}

// announce tells people and the other commands where the server is.
func (c *cli) announce(cfg *configs.Config, at app.Addresses, token string, log *slog.Logger) error {
	file := adminFile{URL: "http://" + at.Admin, Public: "http://" + at.Public, Token: token}
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	if err := replaceFile(c.path(cfg.AdminPath()), append(text, '\n'), 0o600); err != nil {
		return fault.Wrap(fault.StoreUnavailable, err, "writing %s", configs.AdminFile)
	}
	log.Info("the server is ready", "public", file.Public, "admin", file.URL, "version", c.Version)
	return nil
}
