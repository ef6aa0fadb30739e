package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// record writes a test file from a run on a server.
func (c *cli) record(ctx context.Context, name, to string) (err error) {
	rec, err := c.recorded(ctx, name)
	if err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	runner, err := pipetest.Open(ctx, c.params(cfg, c.logger(cfg, true)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Close(context.WithoutCancel(ctx))) }()
	source, err := runner.FileOf(rec.Run.Pipeline)
	if err != nil {
		return err
	}
	file := c.path(to)
	if to == "" {
		file = strings.TrimSuffix(strings.TrimSuffix(source, pipeline.Suffix), pipeline.SuffixJSON) + pipetest.Suffix
	}
	if !strings.HasSuffix(file, pipetest.Suffix) {
		return fault.New(fault.CLIUsage, "the name of a test file ends in %s", pipetest.Suffix).In("--to")
	}
	text, err := runner.Record(ctx, rec, source, file)
	if err != nil {
		return err
	}
	if clean := c.resolver.Scrubber().Scrub(string(text)); clean != string(text) {
		return fault.New(fault.TestInvalid, "the run holds a secret of the configuration, which a file must not show").
			WithHint("write the test by hand, with another value in its place")
	}
	if err := writeNew(file, text); err != nil {
		return err
	}
	shown := file
	if to == "" {
		if rel, err := filepath.Rel(c.path("."), file); err == nil && filepath.IsLocal(rel) {
			shown = rel
		}
	}
	_, err = fmt.Fprintf(c.Stdout, "wrote %s\n", c.clean(filepath.ToSlash(shown)))
	return err
}

// writeNew writes a file that is not there yet.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fault.New(fault.CLIUsage, "the file is already there").At(fault.Position{File: name}).WithHint("give another name with --to FILE")
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fault.Wrap(fault.CLIUsage, plainCause(err), "writing the test file").At(fault.Position{File: name})
	}
	return nil
}

// recorded fetches a run with everything that was recorded of it, and its event.
func (c *cli) recorded(ctx context.Context, name string) (rec pipetest.Recorded, err error) {
	api, path, err := c.runPath(ctx, name)
	if err != nil {
		return rec, err
	}
	payload := url.Values{"payload": {"true"}}
	answer, err := api.get(ctx, path, payload)
	if err != nil {
		return rec, err
	}
	steps, _ := answer["steps"].([]any)
	delete(answer, "steps")
	rec.Body = answer["body"]
	if err := into(answer, &rec.Run); err != nil {
		return rec, err
	}
	for _, s := range steps {
		fields, _ := s.(map[string]any)
		var one run.Step
		if err := into(fields, &one); err != nil {
			return rec, err
		}
		for name, text := range map[string]*[]byte{"input": &one.Input, "output": &one.Output} {
			if v, given := fields[name]; given {
				if *text, err = value.AppendJSON(nil, v); err != nil {
					return rec, err
				}
			}
		}
		rec.Run.Steps = append(rec.Run.Steps, one)
	}
	event, err := api.get(ctx, "/api/v3/events/"+url.PathEscape(rec.Run.EventID), payload)
	if err != nil {
		return rec, err
	}
	rec.Event, _ = event["event"].(map[string]any)
	return rec, nil
}

func into(fields map[string]any, v any) error {
	text, err := value.AppendJSON(nil, fields)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fault.New(fault.CLIUnreachable, "the server's answer is none that this version understands").WithHint("use the same version on both sides")
	}
	return nil
}
