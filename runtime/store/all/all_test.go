package all_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store/all"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	names := []string{""}
	for _, k := range all.Kinds() {
		names = append(names, k.Name)
	}
	for _, name := range names {
		dir := t.TempDir()
		s, err := all.Open(t.Context(), name, all.Options{Dir: dir})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if again, err := all.Open(t.Context(), name, all.Options{Dir: dir}); err == nil || again != nil {
			t.Errorf("%q: opened twice: %v, %v", name, again, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"sqlit":  `did you mean "sqlite"?`,
		"oracle": "choose one of: sqlite",
	} {
		if _, err := all.Open(t.Context(), name, all.Options{Dir: t.TempDir()}); fault.CodeOf(err) != fault.ConfigValue || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}
