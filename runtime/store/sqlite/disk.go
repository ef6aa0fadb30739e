package sqlite

import "sync/atomic"

// disk watches the free space of the data directory. It may be used from many goroutines.
type disk struct {
	dir     string
	reserve int64
	low     atomic.Bool // below the reserve: no event is accepted
	full    atomic.Bool // a write found no space at all
}

// leastFree is the space at which a disk that was full counts as usable again.
const leastFree = 1 << 20

// check asks the file system, which costs about a microsecond.
func (d *disk) check() {
	free, err := freeSpace(d.dir)
	if err != nil {
		return // a disk that does not answer shows in the write itself
	}
	d.low.Store(free < d.reserve)
	if free >= max(d.reserve, leastFree) {
		d.full.Store(false)
	}
}

// exhausted notes that a write found no space.
func (d *disk) exhausted() { d.full.Store(true) }

// refuses tells whether events are refused right now; it recovers without a write.
func (d *disk) refuses() bool {
	if !d.low.Load() && !d.full.Load() {
		return false
	}
	d.check()
	return d.low.Load() || d.full.Load()
}
