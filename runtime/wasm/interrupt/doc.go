// Package interrupt rewrites a WASM module so that a running guest can be stopped and never holds up the
// rest of the process.
//
// Compiled WASM is not preemptible: while a guest computes without calling the host, the garbage collector
// and with it every goroutine waits. [Rewrite] makes the guest count down at each loop head and function entry, and
// when the count is used up leave to the host for an instant (a safe point) and end with a trap if the host has
// set the exported global [StopGlobal]. A count stands for about 512 bytes of code or of copied memory, so that neither huge
// loop bodies nor huge copies stretch the time between two safe points.
//
// It also writes the maximum of memory and tables into the module, and reports a refused growth in [RefusedGlobal].
// It reads untrusted bytes that package module has parsed; what it does not know it refuses with [ErrUnsupported],
// and a module that refers to anything outside its own index spaces is refused too, so that no guest can touch what is added here.
package interrupt
