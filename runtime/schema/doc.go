// Package schema holds values against a JSON Schema (draft 2020-12; an older draft where $schema names it):
// ingress the bodies of webhooks, the command json.validate whatever it is given. The library behind it is
// used nowhere else.
//
// A schema stands alone: a reference to another document, file or address is refused, so compiling and
// checking do no I/O. Patterns are RE2. Errors name places in the schema, which is the owner's own text, and
// nothing of the value.
package schema
