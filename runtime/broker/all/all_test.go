package all_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/broker/all"
	"github.com/penstock/penstock/runtime/fault"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, b := range all.Backends() {
		got, err := all.Lookup(b.Name)
		if err != nil || got.Name != b.Name || seen[b.Name] {
			t.Errorf("%s: %v, %v, seen before: %v", b.Name, got.Name, err, seen[b.Name])
		}
		seen[b.Name] = true
	}
	for name, want := range map[string]string{
		"memry": `did you mean "memory"?`,
		"":      "choose one of: memory",
		"zzzzz": "choose one of: memory",
	} {
		if _, err := all.Lookup(name); fault.CodeOf(err) != fault.BrokerUnknown || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}
