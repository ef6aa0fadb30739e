// Package limit holds the counters that keep abuse cheap: how often a caller may be refused, and how
// often a webhook may be called. Only package ingress and its children use it.
//
// Time is always given by the caller. Memory is bounded, whatever callers send, and nothing here waits.
package limit
