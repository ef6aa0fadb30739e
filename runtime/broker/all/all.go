package all

import (
	"strings"

	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/broker/memory"
	"github.com/penstock/penstock/runtime/fault"
)

// Backends gives every back end, the default first. A new one adds its line.
func Backends() []broker.Backend {
	return []broker.Backend{
		memory.Backend(),
	}
}

// Lookup finds a back end by its name. The error has fault.BrokerUnknown and names the nearest one.
func Lookup(name string) (broker.Backend, error) {
	var names []string
	for _, b := range Backends() {
		if b.Name == name {
			return b, nil
		}
		names = append(names, b.Name)
	}
	hint := fault.DidYouMean(name, names)
	if hint == "" {
		hint = "choose one of: " + strings.Join(names, ", ")
	}
	return broker.Backend{}, fault.New(fault.BrokerUnknown, "unknown broker %q", name).In("broker.type").WithHint("%s", hint)
}
