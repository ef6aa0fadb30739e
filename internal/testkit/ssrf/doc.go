// Package ssrf holds what tests need to prove that no outgoing request reaches where it must not: the
// forbidden URLs in every spelling we know, a name server that answers as an attacker's would, and a
// listener that sees each connection to this machine. Tests of the egress client and of whatever hands
// URLs to it use it.
package ssrf
