// Package form turns the bodies that HTML forms send into values: application/x-www-form-urlencoded and
// multipart/form-data. Only package ingress uses it.
//
// It reads bytes that are already there, and what it makes is bounded by their size: names, pairs and parts
// are counted, and a body that has too many is refused as a whole. Nothing is written to disk. The values
// do not alias the bytes.
package form
