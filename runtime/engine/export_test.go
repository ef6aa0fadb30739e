package engine

import "context"

// Kept gives the number of versions that are kept beside the loaded ones.
func (e *Engine) Kept() int { return e.versions.size() }

// Retire forgets what no unfinished run needs.
func (e *Engine) Retire(ctx context.Context) { e.retire(ctx) }
