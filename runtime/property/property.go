package property

import (
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// The limits of a property.
const (
	MaxPath     = 512     // bytes
	MaxSegments = 32      // of a path
	MaxSegment  = 128     // bytes
	MaxValue    = 1 << 20 // bytes of JSON text
	MaxType     = 128     // bytes
)

// Property is one entry of the store.
type Property struct {
	Path     string
	Revision int64 // 1 for a new one, then one more for each change
	UUID     string
	Type     string // such as application/json
	Value    []byte // JSON text
	Size     int    // of Value, where that is left out
	Created  time.Time
	Updated  time.Time
	Expires  time.Time // zero = never
}

// Expired reports whether the time of the property is over: it counts as gone then.
func (p *Property) Expired(now time.Time) bool { return !p.Expires.IsZero() && !p.Expires.After(now) }

// Clean gives the one form of a path: segments joined by slashes, without a slash in front. A path that
// begins with /pipeforce/NAMESPACE/ is read from there. The error has fault.PropertyInvalid and names the
// rule, not the path, which may come from a payload.
func Clean(path, namespace string) (string, error) {
	path, err := relative(path, namespace)
	if err != nil {
		return "", err
	}
	if err := checkSize(path); err != nil {
		return "", err
	}
	for segment := range strings.SplitSeq(path, "/") {
		if err := checkSegment(segment, ""); err != nil {
			return "", err
		}
	}
	return path, nil
}

// relative takes what is in front of the path within the namespace away.
func relative(path, namespace string) (string, error) {
	if rest, absolute := strings.CutPrefix(path, "/pipeforce/"); absolute {
		owner, rest, _ := strings.Cut(rest, "/")
		if owner != namespace {
			return "", invalid("a property of another namespace")
		}
		return rest, nil
	}
	return strings.TrimPrefix(path, "/"), nil
}

func checkSize(path string) error {
	if len(path) > MaxPath || strings.Count(path, "/") >= MaxSegments {
		return invalid("a path has at most %d bytes and %d segments", MaxPath, MaxSegments)
	}
	return nil
}

// checkSegment takes letters, digits, and _ - . which may not stand alone; more are further characters.
func checkSegment(segment, more string) error {
	switch {
	case segment == "" || segment == "." || segment == ".." || len(segment) > MaxSegment:
		return invalid("a segment of a path is empty, longer than %d bytes, or dots only", MaxSegment)
	case strings.ContainsFunc(segment, func(c rune) bool { return !isPlain(c) && !strings.ContainsRune(more, c) }):
		return invalid("a path has letters, digits, _ - and . between its slashes")
	}
	return nil
}

func isPlain(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.PropertyInvalid, format, args...).WithHint("write for example global/app/shop/config/limit")
}
