// Package plugins is the room of the first-party plugins, each in a module of its own as a stranger's
// would be. It holds only the test that builds every one of them and runs its testdata/cases.yaml in the
// real host.
package plugins
