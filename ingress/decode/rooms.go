package decode

import "sync"

// Rooms are kept in three sizes, so that a small body does not hold the room of a large one.
const (
	smallRoom  = 64 << 10
	mediumRoom = 1 << 20
)

// rooms lends memory to inflate into. A result is copied out of it in its exact size: what is refused leaves no
// garbage behind, and what is accepted takes no more than it needs.
type rooms struct{ small, medium, large sync.Pool }

// take gives room for at least n bytes.
func (r *rooms) take(n int) *[]byte {
	pool, size := r.of(n)
	if room, ok := pool.Get().(*[]byte); ok && len(*room) >= n {
		return room
	}
	room := make([]byte, size)
	return &room
}

// give takes room back, which nobody may use any more.
func (r *rooms) give(room *[]byte) {
	pool, _ := r.of(len(*room))
	pool.Put(room)
}

func (r *rooms) of(n int) (pool *sync.Pool, size int) {
	switch {
	case n <= smallRoom:
		return &r.small, smallRoom
	case n <= mediumRoom:
		return &r.medium, mediumRoom
	default:
		return &r.large, n
	}
}

// first is the room to begin with for a result of about n bytes, of which most are allowed.
func first(n, most int) int {
	switch {
	case n <= smallRoom:
		return min(smallRoom, most)
	case n <= mediumRoom:
		return min(mediumRoom, most)
	default:
		return most
	}
}

// next is the room to go on with after one of n bytes was too small.
func next(n, most int) int { return first(n+1, most) }
