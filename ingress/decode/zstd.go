package decode

import (
	"errors"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxZstdWindow is the window that RFC 9659 allows as a content encoding.
	maxZstdWindow = 8 << 20
	// zstdSlack is the room of one block, and a little: so much may be written beyond a limit before it is noticed.
	zstdSlack = 128<<10 + 64
)

func (i *Inflater) zstd(dst, body []byte, b bound) ([]byte, error) {
	if len(body) == 0 {
		return nil, ErrMalformed
	}
	d, ok := i.zstds.Get().(*zstd.Decoder)
	if !ok {
		var err error
		d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, ErrUnsupported
		}
	}
	// Less room than the limit is tried first, because most bodies are far below. When that fails, for
	// whatever reason, the next room decides.
	expected := guess(body)
	var h zstd.Header
	if h.Decode(body) == nil && h.HasFCS {
		expected = int(min(h.FrameContentSize, uint64(b.limit)))
	}
	most := b.limit + zstdSlack
	for size := first(expected, most); ; size = next(size, most) {
		room := i.rooms.take(size)
		n, err := inflateFrames(d, (*room)[:size], body, b.limit)
		if err == nil && n <= b.limit {
			dst = append(dst, (*room)[:n]...)
		}
		i.rooms.give(room)
		switch {
		case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrUnknownDictionary):
			return nil, ErrUnsupported
		case err == nil && n <= b.limit:
			i.zstds.Put(d)
			return dst, nil
		case size < most:
		case n > b.limit, errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return nil, b.beyond
		default:
			return nil, ErrMalformed
		}
	}
}

// inflateFrames writes what the frames hold to room and gives its length, also beside an error. The
// decoder sees one frame at a time, because it counts each for itself: it uses the room as its window, and takes
// other memory where a frame passes the end of it.
func inflateFrames(d *zstd.Decoder, room, body []byte, limit int) (n int, err error) {
	allowed := 0
	for len(body) > 0 && n <= limit {
		frame, rest, ok := cutFrame(body)
		if !ok {
			return n, ErrMalformed
		}
		body = rest
		if frame == nil {
			continue
		}
		if most := max(limit-n, maxZstdWindow); most != allowed { // less than a window would narrow the window
			allowed = most
			if err := d.ResetWithOptions(nil, zstd.WithDecoderMaxMemory(uint64(most))); err != nil {
				return n, err
			}
		}
		out, err := d.DecodeAll(frame, room[n:n:len(room)])
		n += len(out)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// cutFrame finds the end of the first frame, RFC 8878 section 3.1. A frame to be skipped is nil.
func cutFrame(body []byte) (frame, rest []byte, ok bool) {
	var h zstd.Header
	if h.Decode(body) != nil {
		return nil, nil, false
	}
	end := uint64(h.HeaderSize)
	if h.Skippable {
		if end += uint64(h.SkippableSize); end > uint64(len(body)) {
			return nil, nil, false
		}
		return nil, body[end:], true
	}
	for last := false; !last; {
		if end+3 > uint64(len(body)) {
			return nil, nil, false
		}
		block := uint64(body[end]) | uint64(body[end+1])<<8 | uint64(body[end+2])<<16
		last = block&1 != 0
		size := block >> 3
		if block>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		end += 3 + size
	}
	if h.HasCheckSum {
		end += 4
	}
	if end > uint64(len(body)) {
		return nil, nil, false
	}
	return body[:end], body[end:], true
}
