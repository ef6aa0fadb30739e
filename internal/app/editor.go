package app

import "github.com/penstock/penstock/runtime/pipeline/lint"

// EditorSetup gives what an editor's files are judged against.
func (t *Tools) EditorSetup() lint.Setup { return lint.Setup{Deps: t.deps()} }
