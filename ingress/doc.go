// Package ingress is the door: HTTP requests come in, events go out. It is the only room that knows
// the HTTP server.
//
// A request passes, in this order: the gate over the raw header, the token, the proof (package
// verify) over the bytes as they came, the size, and the payload's own rules. Then the event is
// emitted, and the answer is written after the emitter returned, that is, after the event is on disk.
// Every refusal has the same body; its reason goes to the log and the list of refusals only.
//
// The [Directory] is the door's view of the webhooks; the webhook.* commands change it. Health, metrics
// and everything else for operators are on the admin listener (package admin), not here.
package ingress
