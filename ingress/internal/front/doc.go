// Package front is the hardened HTTP front that the public and the admin listener share: the gate that
// looks at the raw header before anything else does, explicit limits, constant refusals, panic
// recovery and a graceful end. Packages ingress and ingress/admin are its only callers.
//
// It guarantees that no request with an ambiguous or malformed head reaches a handler, that every such
// connection is closed, and that Run returns only after its goroutines ended.
package front
