// Package schema makes JSON Schemas (draft-07) of what authors write: pipeline files, the parameters of one
// command, and files that declare webhooks. Editors complete and check with them.
//
// Everything comes from what commands, triggers and headers say of themselves, so a schema fits the installed
// commands and plugins. A schema accepts every file that the compiler accepts; it cannot refuse all that the
// compiler refuses. Beside the words of the draft it uses markdownDescription, deprecationMessage and
// doNotSuggest, which editors know and validators ignore.
package schema
