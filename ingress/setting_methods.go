package ingress

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// methodNames are the methods that a webhook may take. Handshakes have their own.
func methodNames() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// checkMethods gives the names in upper case, each once.
func checkMethods(list []string) ([]string, error) {
	var out []string
	for _, name := range list {
		name = strings.ToUpper(name)
		if !slices.Contains(methodNames(), name) {
			return nil, invalid("methods", "%q is none of %s", name, strings.Join(methodNames(), ", ")).
				WithHint("%s", fault.DidYouMean(name, methodNames()))
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// takesMethod reports whether an ordinary request may have this method; what a handshake of the
// preset needs is another matter.
func (e *entry) takesMethod(method []byte) bool {
	for _, name := range e.methods {
		if string(method) == name {
			return true
		}
	}
	return false
}
