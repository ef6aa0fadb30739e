package command

import (
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// check finds mistakes of the command's author.
func (s *Spec) check() error {
	taken := map[string]bool{}
	common := CommonParams()
	for i := range s.Params {
		p := &s.Params[i]
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			switch {
			case name == "":
				return fault.New(fault.Internal, "a parameter without a name").In(s.Name)
			case taken[name]:
				return fault.New(fault.Internal, "two parameters are called %q", name).In(s.Name)
			case slices.ContainsFunc(common, func(c Param) bool { return c.Name == name }):
				return fault.New(fault.Internal, "parameter %q has the name of a common parameter", name).In(s.Name)
			}
			taken[name] = true
		}
		if _, err := p.Check(p.Default); err != nil {
			return fault.Wrap(fault.Internal, err, "checking the default of parameter %q", p.Name).In(s.Name)
		}
	}
	if s.Shorthand != "" {
		if _, ok := s.Param(s.Shorthand); !ok {
			return fault.New(fault.Internal, "the short form stands for an unknown parameter %q", s.Shorthand).In(s.Name)
		}
	}
	return nil
}
