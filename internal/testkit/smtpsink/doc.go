// Package smtpsink is a real SMTP server on the loopback interface that keeps what it is sent. Tests and
// the demo use it in place of a relay: it can demand TLS and a login, refuse or delay at any stage, and
// tells afterwards which envelopes and which bytes arrived.
package smtpsink
