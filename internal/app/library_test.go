package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// trial opens tools over a folder of files, with events caught.
func trial(t *testing.T, files map[string]string) (dir string, tools *app.Tools, sent *[]event.Event) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := configs.Load(configs.Sources{Set: []string{
		"pipelines.dir=" + filepath.Join(dir, "pipelines"), "plugins.dir=" + filepath.Join(dir, "plugins"), "store.dir=" + filepath.Join(dir, "data"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	sent = &[]event.Event{}
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	tools, err = app.OpenTrial(t.Context(), app.Params{
		Config: config, Logger: slog.New(slog.DiscardHandler), Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	}, app.Outside{
		Now:  func() time.Time { return at },
		Emit: func(_ context.Context, e event.Event) error { *sent = append(*sent, e); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tools.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return dir, tools, sent
}

// A pipeline in the pipeline directory has the name that it has on a server, and runs its neighbours by theirs.
func TestLibrary(t *testing.T) {
	t.Parallel()
	dir, tools, sent := trial(t, map[string]string{
		"pipelines/sales/lead.pi.yaml": "pipeline:\n  - iam.run.as: systemuser\n  - pipeline.run: sales.part\n",
		"pipelines/sales/part.pi.yaml": "pipeline:\n  - event.send: {key: a.b}\n  - set: \"${context.pipeline} at ${@date.now()}\"\n",
		"pipelines/.hidden/x.pi.yaml":  "pipeline:\n  - lgo\n",
		"elsewhere/lead.pi.yaml":       "pipeline:\n  - set: ${context.pipeline}\n",
		"elsewhere/calls.pi.yaml":      "pipeline:\n  - pipeline.run: broken\n",
		"elsewhere/broken.pi.yaml":     "pipeline:\n  - lgo: 1\n",
	})
	out, err := tools.RunFile(t.Context(), app.RunFile{Path: filepath.Join(dir, "pipelines/sales/lead.pi.yaml")})
	if err != nil || out.Body != "sales.part at 2026-01-31T12:00:00.000Z" {
		t.Errorf("the body is %v, %v", out.Body, err)
	}
	if len(*sent) != 1 || (*sent)[0].Key != "a.b" {
		t.Errorf("sent %v", *sent)
	}
	out, err = tools.RunFile(t.Context(), app.RunFile{Path: filepath.Join(dir, "elsewhere/lead.pi.yaml")})
	if err != nil || out.Body != "lead" {
		t.Errorf("the body is %v, %v", out.Body, err)
	}
	_, err = tools.RunFile(t.Context(), app.RunFile{Path: filepath.Join(dir, "elsewhere/calls.pi.yaml")})
	if fault.CodeOf(err) != fault.CommandUnknown || !strings.Contains(err.Error(), "broken.pi.yaml:2:5") {
		t.Errorf("a broken neighbour: %v", err)
	}
	_, err = tools.RunFile(t.Context(), app.RunFile{Path: filepath.Join(dir, "gone.pi.yaml")})
	if fault.CodeOf(err) != fault.PipelineRead {
		t.Errorf("a file that is not there: %v", err)
	}
}

// No other server is asked in a trial.
func TestTrialAsksNobody(t *testing.T) {
	t.Parallel()
	dir, tools, _ := trial(t, map[string]string{
		"a.pi.yaml": "pipeline:\n  - http.get: {url: \"https://example.com/\"}\n",
		"b.pi.yaml": "pipeline:\n  - set: ${@resolve.uri('https://example.com/')}\n",
	})
	for _, name := range []string{"a.pi.yaml", "b.pi.yaml"} {
		_, err := tools.RunFile(t.Context(), app.RunFile{Path: filepath.Join(dir, name), Identity: "systemuser"})
		if fault.CodeOf(err) != fault.TestUnmocked {
			t.Errorf("%s: %v", name, err)
		}
	}
}
