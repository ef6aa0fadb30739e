// Package schema holds bodies against a JSON Schema (draft 2020-12; an older draft where $schema names it).
// Only package ingress uses it; the library behind it is used nowhere else.
//
// A schema stands alone: a reference to another document, file or address is refused, so compiling and
// checking do no I/O. Patterns are RE2. Errors name places in the schema, which is the owner's own text, and
// nothing of the body.
package schema
