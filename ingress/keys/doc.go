// Package keys gets public keys and certificates by their addresses, for senders whose signatures are
// judged by keys that they publish. A [Cache] is what package verify takes as its Fetcher; the server also
// uses it to confirm a subscription.
//
// Requests leave through the guarded client of package egress, over https only and without following
// redirects. Which address may be asked is the caller's rule; the guard holds beside it. An answer
// is kept as long as it says, within bounds; callers share one request; a failure is remembered for a
// while; a value that is no longer fresh serves while it cannot be renewed. Memory and the number of requests are
// bounded, whatever addresses callers name. Documents are not understood here.
package keys
