package wasm_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

// FuzzParseManifest: no panic, only the two codes, and nothing accepted that a registry of commands would refuse.
func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(guest.Manifest("a.b", nil)))
	f.Add([]byte(manifestWithParam(map[string]any{"type": []any{"string", "array"}, "default": 1, "aliases": []any{"q"}})))
	f.Add([]byte(`{"abi":1,"name":"a","version":"1.0.0","commands":[{"name":"a","summary":"s","params":{"type":"object","required":["p"]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := wasm.ParseManifest(data)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.PluginInvalid && code != fault.PluginABI {
				t.Fatalf("%q has the code %s", data, code)
			}
			return
		}
		var defs []command.Definition
		for _, c := range m.Commands {
			defs = append(defs, command.Definition{Spec: c.Spec})
			if strings.ContainsAny(c.Spec.Summary, "\n\x1b") {
				t.Fatalf("control characters in %q", c.Spec.Summary)
			}
		}
		if _, err := command.NewRegistry(defs...); err != nil {
			t.Fatal(err)
		}
	})
}
