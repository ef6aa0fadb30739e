package wasm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

const abiDir = "../../sdk/abi"

func readVectors(t *testing.T, name string, target any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(abiDir, "vectors", name))
	if err == nil {
		err = json.Unmarshal(data, target)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// demo is the manifest of the plugin that the vectors speak of.
func demo(body bool) string {
	return guest.Manifest("demo.guest", map[string]any{"capabilities": []string{"kv"}, "commands": []any{map[string]any{
		"name": "demo.guest", "summary": "The plugin of the vectors", "body": body,
	}}})
}

func TestCallVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Calls []struct {
			Title         string
			Status        int32
			Output, Error *string
			Want          struct {
				Body         json.RawMessage
				Unchanged    bool
				Code         fault.Code
				Message      *string
				Retryable    bool
				RetryAfterMs int64
			}
		}
	}
	readVectors(t, "calls.json", &file)
	h := newHost(t, wasm.Options{CacheDir: t.TempDir(), Capabilities: []capability.Capability{store{}}})
	for _, c := range file.Calls {
		b := guest.ABI(demo(true))
		var code []byte
		if c.Output != nil {
			code = append(append(code, b.Text(0, *c.Output)...), guest.Call(guest.Output)...)
		}
		if c.Error != nil {
			code = append(append(code, b.Text(4096, *c.Error)...), guest.Call(guest.Error)...)
		}
		b.Run(code, guest.Const(c.Status))
		p := load(t, h, packed(b, demo(true)), wasm.Settings{Grants: map[string]map[string]any{"kv": nil}})
		r, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{})
		if fault.CodeOf(err) != c.Want.Code {
			t.Errorf("%s: got %q (%v), want %q", c.Title, fault.CodeOf(err), err, c.Want.Code)
			continue
		}
		var f *fault.Error
		if errors.As(err, &f) {
			if f.Retry != c.Want.Retryable || f.RetryAfter != time.Duration(c.Want.RetryAfterMs)*time.Millisecond {
				t.Errorf("%s: retryable %v after %v", c.Title, f.Retry, f.RetryAfter)
			}
			if c.Want.Message != nil && f.Message != *c.Want.Message {
				t.Errorf("%s: message %q", c.Title, f.Message)
			}
			continue
		}
		var want any
		if len(c.Want.Body) > 0 {
			if want, err = value.Decode(c.Want.Body); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(command.Result{Value: want, HasValue: !c.Want.Unchanged}, r); diff != "" {
			t.Errorf("%s: %s", c.Title, diff)
		}
	}
}

// recorder is the capability kv, which keeps the request of its last operation.
type recorder struct{ got []byte }

func (r *recorder) Name() string                                   { return "kv" }
func (r *recorder) Grant(map[string]any) (capability.Power, error) { return r, nil }
func (r *recorder) Call(_ context.Context, _ string, request []byte) ([]byte, error) {
	r.got = request
	return nil, nil
}

func TestRequestVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Requests []struct {
			Title string
			Body  bool
			Call  struct {
				Params                         map[string]json.RawMessage
				Body                           json.RawMessage
				Run, Pipeline, Event, Identity string
				Step, Attempt                  int
			}
			Request string
		}
	}
	readVectors(t, "requests.json", &file)
	kv := &recorder{}
	h := newHost(t, wasm.Options{
		CacheDir: t.TempDir(), Capabilities: []capability.Capability{kv},
		Now: func() time.Time { return time.Now().Add(time.Hour) }, // the deadline has always passed: deadlineMs is 0
	})
	for _, c := range file.Requests {
		b := guest.ABI(demo(c.Body))
		b.Run(guest.Const(guest.TextAt), guest.Call(guest.Input), b.Text(-100, "kv.keep"),
			guest.Const(guest.TextAt), guest.LocalGet(1), guest.Call(guest.CallHost), guest.Op(0x1a), guest.Const(0))
		p := load(t, h, packed(b, demo(c.Body)), wasm.Settings{Grants: map[string]map[string]any{"kv": nil}})
		call := command.Call{
			Args: map[string]any{}, RunID: c.Call.Run, Pipeline: c.Call.Pipeline, Event: event.Event{ID: c.Call.Event},
			Identity: c.Call.Identity, Step: c.Call.Step, Attempt: c.Call.Attempt,
		}
		var err error
		if call.Body, err = value.Decode(c.Call.Body); err != nil {
			t.Fatal(err)
		}
		for name, text := range c.Call.Params {
			if call.Args[name], err = value.Decode(text); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Definitions()[0].Command.Run(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Request, string(kv.got)); diff != "" {
			t.Errorf("%s: %s", c.Title, diff)
		}
	}
}

// TestManifestVectors holds the host and the published schema to the same verdicts.
func TestManifestVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Manifests []struct {
			Title    string
			Code     fault.Code
			Manifest json.RawMessage
		}
	}
	readVectors(t, "manifests.json", &file)
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(abiDir, "manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Manifests {
		_, err := wasm.ParseManifest(c.Manifest)
		if fault.CodeOf(err) != c.Code {
			t.Errorf("%s: got %q (%v), want %q", c.Title, fault.CodeOf(err), err, c.Code)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Manifest))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); (err == nil) != (c.Code == "") {
			t.Errorf("%s: the schema says %v", c.Title, err)
		}
	}
}

// TestManifestIsReadWhole looks at every field of the vector that has them all.
func TestManifestIsReadWhole(t *testing.T) {
	t.Parallel()
	var file struct {
		Manifests []struct {
			Title    string
			Manifest json.RawMessage
		}
	}
	readVectors(t, "manifests.json", &file)
	i := slices.IndexFunc(file.Manifests, func(m struct {
		Title    string
		Manifest json.RawMessage
	},
	) bool {
		return m.Title == "everything"
	})
	got, err := wasm.ParseManifest(file.Manifests[i].Manifest)
	if err != nil {
		t.Fatal(err)
	}
	want := wasm.Manifest{
		Name: "mail.send", Version: "1.0.0-rc.1", ABI: 1, SDK: "go/0.1.0", Summary: "Sends mail",
		Capabilities: []string{"mail"}, MemoryMB: 32, Isolation: wasm.Fresh,
		Commands: []wasm.Command{{Body: true, Spec: command.Spec{
			Name: "mail.send", Summary: "Sends a mail", Shorthand: "to", Effect: true, Timeout: 30 * time.Second,
			Params: []command.Param{
				{Name: "to", Type: command.TypeAny, Required: true, Summary: "Recipients", Aliases: []string{"recipients"}},
				{Name: "kind", Type: command.TypeText, Enum: []string{"text", "html"}, Default: "text", Literal: true},
				{Name: "password", Type: command.TypeText, Secret: true},
			},
			Examples: []command.Example{
				{Title: "One mail", Pipeline: "pipeline:\n  - mail.send: {\"to\": \"a@b.example\"}\n", Body: "1", Want: "1"},
				{Title: "No address", Pipeline: "pipeline:\n  - mail.send: {\"to\": \"\"}\n", WantCode: "mail.invalid"},
			},
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPageNamesRealCodes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(abiDir, "ABI.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range regexp.MustCompile("`((plugin|mail)\\.[a-z_]+)`").FindAllSubmatch(page, -1) {
		switch string(code[1]) {
		case "mail.send", "mail.submit", "mail.defaults": // a plugin and operations
			continue
		}
		if fault.InfoOf(fault.Code(code[1])).Summary == "" {
			t.Errorf("%s is not a code", code[1])
		}
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	data := packed(abi(), guest.Manifest(bad, nil))
	info, err := wasm.Inspect(data)
	if err != nil {
		t.Fatal(err)
	}
	if !info.Packed || info.Manifest.Name != bad || info.Size != len(data) || info.Digest != wasm.Digest(data) ||
		info.Functions != 3 || len(info.Imports) != 6 || info.Imports[0] != (wasm.Import{Module: "pcmd", Name: "input", Type: "(i32)"}) {
		t.Errorf("%+v", info)
	}
	if info, err = wasm.Inspect(abi().Bytes()); err != nil || info.Packed {
		t.Errorf("a module that is not packed: %+v, %v", info, err)
	}
	// Packing twice is packing once.
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	once, err := h.Pack(t.Context(), abi().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	twice, err := h.Pack(t.Context(), once)
	if err != nil || !bytes.Equal(once, twice) {
		t.Errorf("packing again gave another file, or %v", err)
	}
}
