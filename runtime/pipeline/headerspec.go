package pipeline

import (
	"strings"

	"github.com/penstock/penstock/runtime/command"
)

// HeaderParams describes the headers that mean something to the language, for documentation, completion and
// schemas. Others are the author's own.
func HeaderParams() []command.Param {
	return []command.Param{
		{Name: "description", Type: command.TypeText, Literal: true, Summary: "What the pipeline is for; at most 250 characters."},
		{Name: "onError", Type: command.TypeAny, Literal: true, Aliases: []string{"onCommandError"}, Summary: "What happens when a command without an onError of its own fails: THROW (default), IGNORE, LOG or RETRY; or a map: {action: RETRY, times, wait, then}, {action: ROLLBACK, pipeline}."},
		{Name: "runWhen", Type: command.TypeAny, Summary: "The run is skipped when this does not hold."},
		{Name: "exprPrefix", Type: command.TypeText, Literal: true, Enum: strings.Split("$#"+prefixSigns, ""), Summary: "Sign in front of the { of an expression, in place of $ and #."},
		{Name: "tracing", Type: command.TypeBoolean, Literal: true, Default: true, Summary: "The steps of runs are recorded."},
		{Name: "mocksEnabled", Type: command.TypeBoolean, Literal: true, Default: true, Summary: "False makes mock.command do nothing in `pi run` and `pi test` either."},
		{Name: "apiVersion", Type: command.TypeText, Literal: true, Aliases: []string{"version"}, Summary: "Version of the language that the file is written for; a note for readers."},
		{Name: "contentType", Type: command.TypeText, Literal: true, Summary: "Type of the final body; a note for readers."},
		{Name: "name", Type: command.TypeText, Literal: true, Summary: "Title; a note for readers. What counts is the name of the file."},
	}
}

// RefusedHeaders lists headers of the reference that a file must not have.
func RefusedHeaders() []string {
	return []string{"apitoken", "authorization", "password", "runAs", "username"}
}
