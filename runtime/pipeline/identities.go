package pipeline

import "slices"

// Identities names those that the pipeline itself switches to, each once, sorted.
func (p *Plan) Identities() []string {
	names := slices.Clone(p.identities)
	slices.Sort(names)
	return slices.Compact(names)
}
