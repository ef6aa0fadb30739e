package sqlite

import (
	"database/sql/driver"
	"sync/atomic"
)

// disk watches the free space of the data directory. It may be used from many goroutines.
type disk struct {
	dir     string
	reserve int64
	spare   atomic.Int64 // free bytes inside the main file, which does not shrink
	low     atomic.Bool  // below the reserve: no event is accepted
	full    atomic.Bool  // a write found no space at all
}

// leastFree is the space at which a disk that was full counts as usable again.
const leastFree = 1 << 20

// check asks the file system, which costs about a microsecond.
func (d *disk) check() {
	free, err := freeSpace(d.dir)
	if err != nil {
		return // a disk that does not answer shows in the write itself
	}
	free += d.spare.Load()
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

// checkDisk is check for the writer, which can count the spare space when it matters.
func (w *writer) checkDisk() {
	w.disk.check()
	if !w.disk.low.Load() {
		return
	}
	var row [1]driver.Value
	if _, err := w.sql.spare.row(row[:]); err != nil {
		return
	}
	pages, _ := row[0].(int64)
	w.disk.spare.Store(pages * pageSize)
	w.disk.check()
}
