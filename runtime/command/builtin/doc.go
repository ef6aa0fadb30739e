// Package builtin holds the commands that are Go functions, one file for each, and the one list of them.
//
// A file gives a command.Definition: its Spec, from which lint, help, documentation and tests are made,
// and its function. What a command needs from the outside is in [Deps], as small interfaces that the
// engine and the door satisfy. The functions may be called from many goroutines.
package builtin
