// Package world is what expressions and commands find around them when a program runs: identities, facts of
// the server, properties, and what URIs name. internal/app makes one of each from the configuration and hands
// them to package expr.
//
// Everything is asked in the name of an identity and judged by its rights; nothing here is reached while a
// pipeline is compiled. Values that leave carry no secret.
package world
