package guest

import (
	"encoding/json"

	"github.com/penstock/penstock/runtime/wasm/module"
)

// The indices of the imports in a module made by [ABI].
const (
	Input uint32 = iota
	Output
	Error
	Log
	CallHost
	Take
)

// ManifestAt is where [ABI] puts the manifest; memory from TextAt on is free.
const (
	ManifestAt = 1024
	TextAt     = 32 << 10
)

type types = []module.ValueType

// ABI makes a builder with one page of memory, all imports of the ABI and the exports memory, pcmd_abi and
// pcmd_describe, which gives manifest. The caller adds pcmd_run, see [Builder.Run].
func ABI(manifest string) *Builder {
	b := &Builder{}
	b.Import("pcmd", "input", types{I32}, nil)
	b.Import("pcmd", "output", types{I32, I32}, nil)
	b.Import("pcmd", "error", types{I32, I32}, nil)
	b.Import("pcmd", "log", types{I32, I32, I32}, nil)
	b.Import("pcmd", "call", types{I32, I32, I32, I32}, types{I64})
	b.Import("pcmd", "take", types{I32}, nil)
	b.Memory(1, 0)
	b.Export("memory", module.Memory, 0)
	b.Data(ManifestAt, []byte(manifest))
	b.Export("pcmd_abi", module.Function, b.Func(nil, types{I32}, nil, Const(1)))
	b.Export("pcmd_describe", module.Function, b.Func(nil, types{I32}, nil,
		Const(ManifestAt), Const(int32(len(manifest))), Call(Output), Const(0)))
	return b
}

// Run adds pcmd_run with the locals 0 (command), 1 (length of the input) and 2 to 5 (free). Code must leave
// the result on the stack, or never get there.
func (b *Builder) Run(code ...[]byte) *Builder {
	b.Export("pcmd_run", module.Function, b.Func(types{I32, I32}, types{I32}, types{I32, I32, I32, I64}, code...))
	return b
}

// Text puts a text at TextAt plus offset and gives code that pushes pointer and length.
func (b *Builder) Text(offset int32, text string) []byte {
	b.Data(TextAt+offset, []byte(text))
	return append(Const(TextAt+offset), Const(int32(len(text)))...)
}

// Manifest gives a manifest with one command that takes the body, called like the plugin, with changes merged in on
// the top level.
func Manifest(name string, changes map[string]any) string {
	m := map[string]any{
		"name": name, "version": "1.0.0", "abi": 1, "sdk": "test/1", "summary": "A guest of the tests",
		"commands": []any{map[string]any{
			"name": name, "summary": "Does what the test wants", "body": true,
			"params": map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": false},
		}},
	}
	for k, v := range changes {
		m[k] = v
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}
