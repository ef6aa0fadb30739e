// Package property is the value that the property store keeps: a path, a type and a JSON text. It holds the
// rules for paths and the patterns over them, so that commands, expressions and stores agree on both. It is
// pure and knows no store.
package property
