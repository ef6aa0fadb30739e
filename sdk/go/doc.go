// Package plugin is what an author needs to write commands for Penstock in Go and compile them to a
// WASM plugin. A plugin is a value of type [Plugin], and [Export] makes the module answer with it:
//
//	var _ = plugin.Export(textSlug())
//
//	func main() {} // never called: a plugin is a library
//
// A package variable, and not main, because a module built with -buildmode=c-shared initialises its
// packages and then waits to be called. Build and pack it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o text.slug.wasm .
//	pi plugin pack text.slug.wasm
//
// Everything but the few lines that touch the host compiles natively, so that commands are tested with
// plain go test and package plugintest.
//
// One instance of a plugin runs one call at a time, and the host may use it for many calls: package
// variables outlive a call. A handler that panics ends the instance. The SDK does not recover, because
// what the panic left half done would meet the next call; the host reports plugin.trap, keeps the panic's
// text in the log and throws the instance away.
package plugin
