package decode

import (
	"errors"
	"strings"
	"sync"
)

// Why a body is refused.
var (
	ErrTooLarge    = errors.New("the inflated body is larger than the limit")
	ErrRatio       = errors.New("the body inflates out of proportion")
	ErrNested      = errors.New("the body has more than one content encoding")
	ErrMalformed   = errors.New("the body is not what its content encoding says")
	ErrUnsupported = errors.New("the content encoding, or the memory it asks for, is not supported")
)

// The defaults of [Limits], and what the ratio never forbids.
const (
	DefaultMax   = 10 << 20
	DefaultRatio = 100
	floor        = 64 << 10
)

// Limits bound an inflated body.
type Limits struct {
	Max   int // bytes; 0 means DefaultMax
	Ratio int // times the size of the encoded body, from 64 KiB on; 0 means DefaultRatio
}

// Inflater undoes encodings. Its zero value is ready; it keeps readers for the next call and may be used
// from many goroutines. It must not be copied.
type Inflater struct {
	gzips, zlibs, flates, brotlis, zstds sync.Pool
	rooms                                rooms
}

// Inflate appends what body says in the content encoding to dst, as [append] does, and gives the longer
// slice. The encoding is the text of the header field, in any case; empty and identity mean none. body is
// only read. On an error, one of this package's, dst is given back as it was.
func (i *Inflater) Inflate(dst []byte, encoding string, body []byte, l Limits) ([]byte, error) {
	b := l.bound(len(body))
	var out []byte
	var err error
	switch name := strings.ToLower(strings.Trim(encoding, " \t")); {
	case name == "", name == "identity":
		if len(body) > l.max() {
			return dst, ErrTooLarge
		}
		return append(dst, body...), nil
	case strings.Contains(name, ","):
		return dst, ErrNested
	case name == "gzip", name == "x-gzip":
		out, err = i.gzip(dst, body, b)
	case name == "deflate":
		out, err = i.deflate(dst, body, b)
	case name == "br":
		out, err = i.brotli(dst, body, b)
	case name == "zstd":
		out, err = i.zstd(dst, body, b)
	default:
		return dst, ErrUnsupported
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

// bound is how long the result may become, and what a longer one is called.
type bound struct {
	limit  int
	beyond error
}

func (l Limits) max() int {
	if l.Max <= 0 {
		return DefaultMax
	}
	return l.Max
}

func (l Limits) bound(encoded int) bound {
	ratio := l.Ratio
	if ratio <= 0 {
		ratio = DefaultRatio
	}
	b := bound{l.max(), ErrTooLarge}
	if encoded < b.limit/ratio && max(floor, encoded*ratio) < b.limit {
		b = bound{max(floor, encoded*ratio), ErrRatio}
	}
	return b
}
