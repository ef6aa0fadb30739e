// Package metrics counts what the server does, for Prometheus and whatever reads its format. It is the one
// package that knows the library behind it; package app makes a [Registry] and hands out what others count
// with.
//
// Labels have few values, all known at the start: reasons, limits and names of presets. No address, token,
// webhook or event ever becomes one. Counting takes no lock that is held for long and does not allocate.
package metrics
