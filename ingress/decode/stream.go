package decode

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"sync"
)

// Readers go back to their pools after a success only: what an encoding error leaves in them is not
// worth a thought.

// gzipTrailer is the size of the end of a gzip member: a checksum and the size of its content.
const gzipTrailer = 8

type gzipReader struct {
	gzip.Reader
	src bytes.Reader
}

func (i *Inflater) gzip(dst, body []byte, b bound) ([]byte, error) {
	if len(body) < gzipTrailer {
		return nil, ErrMalformed
	}
	r, ok := i.gzips.Get().(*gzipReader)
	if !ok {
		r = new(gzipReader)
	}
	r.src.Reset(body)
	if r.Reset(&r.src) != nil {
		return nil, ErrMalformed
	}
	// What the last member says about its size is mostly true, and mostly there is only one. All members
	// are read, and nothing else may follow.
	said := int64(binary.LittleEndian.Uint32(body[len(body)-4:]))
	out, err := i.read(dst, r, int(min(said, int64(b.limit))), b)
	if err == nil {
		r.src.Reset(nil)
		i.gzips.Put(r)
	}
	return out, err
}

type flateReader struct {
	io.ReadCloser
	src bytes.Reader
}

// deflate undoes the encoding of that name: RFC 9110 means the zlib format by it, some senders the bare
// one. What begins as zlib is taken as nothing else.
func (i *Inflater) deflate(dst, body []byte, b bound) ([]byte, error) {
	if len(body) < 2 {
		return nil, ErrMalformed
	}
	if head := binary.BigEndian.Uint16(body); body[0]&0x0f == 8 && body[0]>>4 <= 7 && head%31 == 0 {
		return i.zlib(dst, body, b)
	}
	r, ok := i.flates.Get().(*flateReader)
	if !ok {
		r = new(flateReader)
		r.ReadCloser = flate.NewReader(&r.src)
	}
	r.src.Reset(body)
	if r.ReadCloser.(flate.Resetter).Reset(&r.src, nil) != nil {
		return nil, ErrMalformed
	}
	out, err := i.read(dst, r, guess(body), b)
	if err != nil {
		return nil, err
	}
	return finish(&i.flates, r, out)
}

func (i *Inflater) zlib(dst, body []byte, b bound) ([]byte, error) {
	r, ok := i.zlibs.Get().(*flateReader)
	if !ok {
		r = new(flateReader)
	}
	r.src.Reset(body)
	var err error
	if r.ReadCloser == nil {
		r.ReadCloser, err = zlib.NewReader(&r.src)
	} else {
		err = r.ReadCloser.(zlib.Resetter).Reset(&r.src, nil)
	}
	if err != nil { // also for a dictionary that only the sender has
		return nil, ErrMalformed
	}
	out, err := i.read(dst, r, guess(body), b)
	if err != nil {
		return nil, err
	}
	return finish(&i.zlibs, r, out)
}

// finish refuses a result that leaves a part of the body unread. The readers of flate and zlib take no byte
// beyond their end from a source that gives single bytes.
func finish(pool *sync.Pool, r *flateReader, out []byte) ([]byte, error) {
	left := r.src.Len()
	r.src.Reset(nil)
	pool.Put(r)
	if left > 0 {
		return nil, ErrMalformed
	}
	return out, nil
}

// guess is how large a body may become that does not say it.
func guess(body []byte) int { return 4 * len(body) }

// read appends all of r to dst, as far as the bound.
func (i *Inflater) read(dst []byte, r io.Reader, expected int, b bound) ([]byte, error) {
	// One byte more than allowed shows that there is more; it also lets the reader say that it is done.
	most := b.limit + 1
	room := i.rooms.take(first(expected+1, most))
	defer func() { i.rooms.give(room) }()
	for n := 0; ; {
		if n == min(len(*room), most) {
			larger := i.rooms.take(next(n, most))
			copy(*larger, *room)
			i.rooms.give(room)
			room = larger
		}
		more, err := r.Read((*room)[n:min(len(*room), most)])
		n += more
		switch {
		case n > b.limit:
			return nil, b.beyond
		case err == io.EOF:
			return append(dst, (*room)[:n]...), nil
		case err != nil:
			return nil, ErrMalformed
		}
	}
}
