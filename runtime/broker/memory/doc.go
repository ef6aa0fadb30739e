// Package memory carries messages inside one process, over Watermill's GoChannel. It is the default
// broker: the store keeps the events, so a lost process loses only messages, and the engine's sweep
// publishes those events again.
//
// Publish never waits for a subscriber. GoChannel starts goroutines for each message and group until it
// is acknowledged, about 6 KB besides the payload; so what is unacknowledged is bounded here, by number
// and by bytes, and beyond that Publish refuses at once with a retryable error. GoChannel gives every
// subscriber every message; a group is one GoChannel subscription whose messages its members share.
//
// A group lives from its first subscription to the end of the broker: while it has no member, its
// messages wait and count. What is published before a topic has a group waits for the first one. A
// member that closes gives its unacknowledged messages back. There is no order, and a message comes
// twice only after a Nack or such a close.
package memory
