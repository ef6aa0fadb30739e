package secret

import (
	"os"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// MaxSize is how many bytes a secret may have.
const MaxSize = 64 << 10

// Options are the outside world of a [Resolver]. The zero Options know no environment and read
// files from the file system.
type Options struct {
	Environ  func() []string // NAME=value lines; nil = an empty environment
	ReadFile func(path string) ([]byte, error)
}

// Resolver turns references into secrets and remembers what it handed out.
type Resolver struct {
	o     Options
	scrub *Scrubber
}

// NewResolver makes a resolver that has handed out nothing yet.
func NewResolver(o Options) *Resolver {
	if o.Environ == nil {
		o.Environ = func() []string { return nil }
	}
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	return &Resolver{o: o, scrub: NewScrubber()}
}

// Scrubber gives the scrubber that knows every value handed out so far and later.
func (r *Resolver) Scrubber() *Scrubber { return r.scrub }

// Resolve gives the secret that ref stands for: env:NAME the environment variable, file:PATH the
// content of the file without its last line break, anything else itself. An empty or missing secret is
// an error, so that nobody compares with "". Errors name the reference, never a value.
func (r *Resolver) Resolve(ref string) (string, error) {
	text, err := r.look(ref)
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", fault.New(fault.ConfigValue, "the secret%s is empty", named(ref))
	}
	if len(text) > MaxSize {
		return "", fault.New(fault.ConfigValue, "the secret%s is larger than %d bytes", named(ref), MaxSize)
	}
	r.scrub.Add(text)
	return text, nil
}

func (r *Resolver) look(ref string) (string, error) {
	kind, rest, _ := strings.Cut(ref, ":")
	switch kind {
	case "env":
		for _, line := range r.o.Environ() {
			if name, text, ok := strings.Cut(line, "="); ok && name == rest {
				return text, nil
			}
		}
		return "", fault.New(fault.ConfigEnv, "environment variable %q is not set", rest)
	case "file":
		data, err := r.o.ReadFile(rest)
		if err != nil {
			return "", fault.Wrap(fault.ConfigRead, err, "reading a secret")
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
	default:
		return ref, nil
	}
}

// IsReference reports whether ref names a secret instead of being one.
func IsReference(ref string) bool {
	return strings.HasPrefix(ref, "env:") || strings.HasPrefix(ref, "file:")
}

func named(ref string) string {
	if IsReference(ref) {
		return " " + ref
	}
	return ""
}
