// Package verify proves where a request comes from: pure functions over bytes, no I/O, no server.
//
// A scheme is data: one YAML file per provider in presets, with its handshakes and test vectors. What a
// template over bytes cannot say is written in Go, see the list in schemes.go. [Load] reads the presets,
// [Presets.Compile] joins one with what a webhook's secrets and keys were resolved to, [Verifier.Verify]
// judges a request over the bytes as they came in, before anything parsed or inflated them. The door
// (package ingress) calls it. [Presets.Sign] makes what a provider would send.
//
// It never opens by mistake: an empty secret, a zero Verifier, a header that occurs twice, a timestamp
// in another form and a signature that does not decode are refusals. Digests are compared in constant
// time and no candidate ends the comparison early.
package verify
