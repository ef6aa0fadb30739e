package cli

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// runMocks reads the flags --mock.
func (c *cli) runMocks(texts []string) (*pipetest.Mocks, error) {
	mocks := &pipetest.Mocks{}
	for _, text := range texts {
		name, result, err := keyValue(text, "a mock")
		if err != nil {
			return nil, err
		}
		data, err := c.content(result, "the mock of "+name)
		if err != nil {
			return nil, err
		}
		m := pipetest.Mock{Command: name}
		if id, isID := strings.CutPrefix(name, "#"); isID {
			m.Command, m.ID = "", id
		}
		if len(data) > 0 {
			m.Body, m.HasBody = loose(data), true
		}
		mocks.Add(m)
	}
	return mocks, nil
}

// input sets the event and the first body.
func (c *cli) input(job *app.RunFile, f runFlags) error {
	types := []string{"base64", "raw", "ignore"}
	if !slices.Contains(types, f.payload) {
		return fault.New(fault.CLIUsage, "the flag \"--payload-type\" has to be base64, raw or ignore").WithHint("%s", fault.DidYouMean(f.payload, types))
	}
	var body []byte
	if f.hasBody {
		var err error
		if body, err = c.content(f.body, "the body"); err != nil {
			return err
		}
	}
	whole := strings.HasPrefix(f.event, "@") || strings.HasPrefix(strings.TrimSpace(f.event), "{") || strings.HasSuffix(f.event, ".json")
	switch {
	case f.event == "":
		job.Body, job.HasBody = loose(body), f.hasBody
		return nil
	case whole && f.hasBody:
		return fault.New(fault.CLIUsage, "an event as JSON has its own payload").WithHint("leave --body out, or give --event KEY")
	case whole:
		return c.wholeEvent(job, f.event)
	}
	if err := event.CheckKey(f.event); err != nil {
		return err
	}
	e := event.New(f.event, c.Now())
	if f.hasBody && f.payload != "ignore" {
		payload := loose(body)
		if f.payload == "base64" {
			payload = map[string]any{"origin": base64.StdEncoding.EncodeToString(body)}
		}
		var err error
		if e.Payload, err = value.AppendJSON(nil, payload); err != nil {
			return fault.Wrap(fault.CLIUsage, err, "encoding the payload")
		}
	}
	job.Event = &e
	return nil
}

// wholeEvent reads an event: JSON, @file, or the name of a file.
func (c *cli) wholeEvent(job *app.RunFile, text string) error {
	if strings.HasSuffix(text, ".json") && text[0] != '@' {
		text = "@" + text
	}
	at := fault.Position{}
	if text[0] == '@' {
		at.File = text[1:]
	}
	data, err := c.content(text, "the event")
	if err != nil {
		return err
	}
	v, err := value.Decode(data)
	if err != nil {
		return fault.Wrap(fault.EventInvalid, err, "reading the event").At(at)
	}
	given, isMap := v.(map[string]any)
	if !isMap {
		return fault.New(fault.EventInvalid, "an event is a JSON object, not a %s", value.TypeName(v)).At(at)
	}
	e, err := pipetest.EventOf(given, c.Now())
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), err, "reading the event").At(at).
			WithHint("`pi events ID -o json` prints one that was accepted")
	}
	job.Event = &e
	return nil
}

// variables reads NAME=VALUE, where the value is JSON or a text.
func variables(texts []string) (map[string]any, error) {
	vars := map[string]any{}
	for _, text := range texts {
		name, v, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			_, _, err := keyValue(text, "a variable")
			return nil, err
		}
		if vars[name] = loose([]byte(v)); len(v) > 1 && v[0] == '\'' && v[len(v)-1] == '\'' {
			vars[name] = v[1 : len(v)-1]
		}
	}
	return vars, nil
}

// loose reads JSON where data is JSON, else text.
func loose(data []byte) any {
	if v, err := value.Decode(data); err == nil {
		return v
	}
	if !utf8.Valid(data) {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(data)
}
