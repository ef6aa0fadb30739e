// Package memory carries messages inside one process, over Watermill's GoChannel. It is the default
// broker: the store makes events durable, so nothing is lost with the process but the way to a worker,
// which the engine's sweep finds again.
//
// Publish never waits for a subscriber. GoChannel starts goroutines for each message and each group
// until it is acknowledged, so what is unacknowledged is bounded here, by number and by bytes; beyond
// that Publish refuses at once with a retryable error. A waiting message costs about 6 KB besides its
// payload. GoChannel gives every subscriber every message;
// groups are made here, as one GoChannel subscription whose messages the members share.
//
// A group lives from its first subscription to the end of the broker. While it has no member, its
// messages wait. What is published before the first group of a topic exists waits for that one. A member that
// closes gives its unacknowledged messages back to the group. There is no order, and a redelivery
// happens only after a Nack or such a close.
package memory
