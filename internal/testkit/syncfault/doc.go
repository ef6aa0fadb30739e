// Package syncfault makes the syncs of the calling process fail, as a dying disk does, so that crash
// tests can see what a store promises then. It works on the process as a whole and cannot be undone:
// call it only in a process of its own, see package child.
package syncfault
