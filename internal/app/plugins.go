package app

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

// loadPlugins opens the plugin host and loads every *.wasm of the plugin directory.
func (t *Tools) loadPlugins(ctx context.Context) error {
	c := t.p.Config
	root, err := os.OpenRoot(c.Plugins.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return t.checkGrants()
	}
	if err != nil {
		return fault.Wrap(fault.PluginInvalid, err, "opening the plugin directory").In("plugins.dir")
	}
	defer root.Close()
	names, err := fs.Glob(root.FS(), "*.wasm")
	if err != nil || len(names) == 0 {
		return errors.Join(err, t.checkGrants())
	}
	if t.mail, err = t.openMail(); err != nil {
		return err
	}
	if t.host, err = wasm.NewHost(ctx, wasm.Options{
		CacheDir: c.CachePath(), Logger: t.p.Logger, Now: t.realNow(), Capabilities: []capability.Capability{t.mail},
	}); err != nil {
		return err
	}
	for _, name := range names {
		if err := t.loadPlugin(ctx, root, name); err != nil {
			return err
		}
	}
	return t.checkGrants()
}

func (t *Tools) loadPlugin(ctx context.Context, root *os.Root, file string) error {
	data, err := root.ReadFile(file)
	if err != nil {
		return fault.Wrap(fault.PluginInvalid, err, "reading plugin %s", file)
	}
	info, err := wasm.Inspect(data)
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "loading plugin %s", file)
	}
	c := t.p.Config
	limits := c.LimitsOf(info.Manifest.Name)
	plugin, err := t.host.Load(ctx, wasm.Source{Name: file, Bytes: data}, wasm.Settings{
		Grants:      c.Plugins.Grants[info.Manifest.Name].Capabilities,
		Timeout:     limits.Timeout,
		MemoryMB:    int(limits.Memory >> 20),
		OutputBytes: int(limits.Output),
		LogBytes:    int(limits.Log),
		HostCalls:   limits.HostCalls,
		Instances:   limits.Instances,
	})
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "loading plugin %s", file)
	}
	t.plugins = append(t.plugins, plugin)
	return nil
}

// Plugins describes the loaded plugins, by file name.
func (t *Tools) Plugins() []PluginInfo {
	out := make([]PluginInfo, len(t.plugins))
	for i, p := range t.plugins {
		m := p.Manifest()
		out[i] = PluginInfo{Name: m.Name, Version: m.Version, Summary: m.Summary, Digest: p.Digest(), Rights: p.Rights()}
		for _, d := range p.Definitions() {
			out[i].Commands = append(out[i].Commands, d.Spec.Name)
		}
	}
	return out
}

// checkGrants warns of grants that no loaded plugin takes: most often a slip in a name.
func (t *Tools) checkGrants() error {
	var loaded []string
	for _, p := range t.plugins {
		loaded = append(loaded, p.Manifest().Name)
	}
	for name := range t.p.Config.Plugins.Grants {
		if !slices.Contains(loaded, name) {
			t.p.Logger.Warn("a grant names a plugin that is not loaded", "key", "plugins.grants."+name,
				"dir", t.p.Config.Plugins.Dir, "hint", fault.DidYouMean(name, loaded))
		}
	}
	return nil
}

// openMail makes the mail capability from the relay's settings.
func (t *Tools) openMail() (*mail.Mail, error) {
	s := t.p.Config.SMTP
	o := mail.Options{
		Host: s.Host, Port: s.Port, TLS: mail.TLSMode(s.TLS), Username: s.Username, From: s.From, FromName: s.FromName,
		Timeout: s.Timeout, Connections: s.Connections, Logger: t.p.Logger, Now: t.realNow(), Deliver: t.outside.Mail,
	}
	if o.Deliver != nil { // no login, and no certificate has to be there
		return mail.New(o)
	}
	if !s.Password.IsZero() {
		password, err := t.p.Resolver.Resolve(s.Password.Reveal())
		if err != nil {
			return nil, fault.Wrap(fault.CodeOf(err), err, "reading the relay's password").In("smtp.password")
		}
		o.Password = password
	}
	if s.CAFile != "" {
		text, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fault.Wrap(fault.ConfigRead, err, "reading the relay's certificates").In("smtp.ca_file")
		}
		o.RootCAs = x509.NewCertPool()
		if !o.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.ConfigValue, "the file holds no certificate").In("smtp.ca_file").WithHint("give a PEM file")
		}
	}
	return mail.New(o)
}
