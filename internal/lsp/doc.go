// Package lsp is a language server for pipeline files: it speaks the Language Server Protocol over a pair of
// streams with an editor. `pi lsp` runs it; the command line gives it the installed commands and what lint
// judges against.
//
// It answers from the texts in the editor, which may be half typed, and from the files of the workspace: names
// and values that can stand at the cursor, what commands, parameters and functions are for, where a pipeline
// or macro is, the steps of a file, and the findings of package lint with their repairs. It executes nothing,
// writes nothing and asks nobody. A message that is not understood is answered with an error; none ends it.
package lsp
