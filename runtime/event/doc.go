// Package event is the one value that travels: what a webhook, a command or the system announces.
//
// It knows its own JSON text, which is the same on the wire, in the store and as the body that a
// pipeline sees, and nothing about how it is stored, sent or handled. Everybody may import it.
package event
