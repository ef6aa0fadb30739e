package lint

import "github.com/penstock/penstock/runtime/fault"

// better turns a fault into a finding and says more of a command that a plugin has.
func (s *Setup) better(lines []string, e *fault.Error) Finding {
	found := Of(e, lines)
	return found
}
