// Package app is the composition root: the only package that sees every room. It opens the parts in
// order, hands each the few things it needs, and closes them in reverse.
//
// [Open] makes a whole server for `pi serve`; [OpenTools] makes what `pi run` and `pi lint` need, without
// store, broker and listeners. Both are called by internal/cli and by tests.
package app
