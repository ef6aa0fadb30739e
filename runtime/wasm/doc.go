// Package wasm runs commands that are WASM guests.
//
// A [Host] loads plugins; each [Plugin] gives command.Definitions, and nobody above can tell them from built-in
// commands. Everything that comes from a plugin is untrusted: its bytes (packages module and interrupt check and rewrite
// them before the engine compiles them), its pointers, its output, its time. The promises: a guest reaches nothing
// but what its manifest asks for and the configuration grants; it never delays anything else in the process; every
// limit has its own fault code; an instance that did anything but return is thrown away; a panic in a guest is an error.
//
// The contract with guests is sdk/abi/ABI.md. Powers are implemented in folders below capability. Package app makes the
// host, the CLI inspects and packs plugin files.
package wasm
