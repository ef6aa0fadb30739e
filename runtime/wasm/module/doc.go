// Package module reads WASM binaries that nobody vouches for, before any engine sees them.
//
// [Parse] checks every section: order, sizes, counts against the bytes that are really there, and the ceilings
// of [Limits], so that an engine that allocates by the numbers in the file cannot be made to allocate more than a
// small multiple of the file. It reads imports, exports with their types, custom sections and where each function's
// body lies; it does not type-check instructions, which is the engine's work.
//
// [Module.WithCustom] adds a custom section and [Encode] puts changed sections together again. Package wasm and the
// rewriter (package interrupt) call it. It needs the standard library only.
package module
