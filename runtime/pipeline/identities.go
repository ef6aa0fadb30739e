package pipeline

import "slices"

// Identities names those that the pipeline itself switches to, each once, sorted.
func (p *Plan) Identities() []string {
	var names []string
	p.root.walk(func(part part) {
		if s, isStep := part.(*step); isStep && s.command == runAsCommand {
			if name, isText := s.args["username"].(string); isText {
				names = append(names, name)
			}
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}
