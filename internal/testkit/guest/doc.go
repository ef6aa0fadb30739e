// Package guest makes WASM guests for tests: [Build] compiles a folder of Go, [Builder] assembles a module
// from operations, and [ABI] gives such a module the exports and imports of the plugin ABI, for guests so small or so
// hostile that no compiler would make them.
//
// It is for tests only and needs no tool but the Go toolchain.
package guest
