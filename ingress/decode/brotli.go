package decode

import (
	"bytes"

	"github.com/andybalholm/brotli"
)

// maxBrotliWindow is the base-2 logarithm of the largest window of a br body that is undone: 4 MiB, what encoders
// choose by themselves. A few bytes are enough to ask for a whole window.
const maxBrotliWindow = 22

type brotliReader struct {
	brotli.Reader
	src bytes.Reader
}

func (i *Inflater) brotli(dst, body []byte, b bound) ([]byte, error) {
	if len(body) == 0 {
		return nil, ErrMalformed
	}
	if brotliWindow(body[0]) > maxBrotliWindow {
		return nil, ErrUnsupported
	}
	r, ok := i.brotlis.Get().(*brotliReader)
	if !ok {
		r = new(brotliReader)
	}
	r.src.Reset(body)
	if r.Reset(&r.src) != nil {
		return nil, ErrMalformed
	}
	// The reader refuses what follows the end. It must not be used again then: it would begin the next body
	// with the rest of this one.
	out, err := i.read(dst, r, guess(body), b)
	if err == nil {
		r.src.Reset(nil)
		i.brotlis.Put(r)
	}
	return out, err
}

// brotliWindow reads the logarithm of the window from the first byte of a body, RFC 7932 section 9.1.
func brotliWindow(first byte) int {
	switch {
	case first&1 == 0:
		return 16
	case first>>1&7 != 0:
		return 17 + int(first>>1&7)
	case first>>4&7 == 0:
		return 17
	default:
		return 8 + int(first>>4&7) // 9 stands for an extension that the reader refuses
	}
}
