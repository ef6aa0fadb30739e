// Package ingress is the door: HTTP requests come in, events go out. It is the only room that knows
// the HTTP server.
//
// A request passes, in this order: the gate over the raw header, the webhook's token, the address of the
// caller, the size on the wire, the webhook's rate and the failures of the address, the proof (package
// verify) over the bytes as they came, decompression, the content type, the form of the body and its schema.
// Each check is cheaper than those behind it; the limits have settings. Then the event is emitted, which also
// knows repeated deliveries, and the answer is written after the emitter returned, that is, after the event
// is on disk. Every refusal has the same body; its reason goes to the log, the metrics and the list of
// refusals only.
//
// The [Directory] is the door's view of the webhooks; the webhook.* commands change it. Health, metrics
// and everything else for operators are on the admin listener (package admin), not here.
package ingress
