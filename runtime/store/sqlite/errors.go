package sqlite

import (
	"errors"
	"time"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/penstock/penstock/runtime/fault"
)

// trouble says what a database error means for the store.
type trouble int

const (
	none   trouble = iota
	single         // of one statement: the other writes of the transaction may succeed without it
	full           // no space: later writes may succeed
	ruined         // what is on disk is no longer known: nothing may be written any more
)

// diagnose sorts an error of the driver. What is not known to be harmless ruins the store.
func diagnose(err error) trouble {
	if err == nil {
		return none
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ruined
	}
	if e.Code() == codes.SQLITE_IOERR_SHMSIZE { // the shared index could not grow, which fails the commit
		return full
	}
	switch e.Code() & 0xff {
	case codes.SQLITE_FULL:
		return full
	case codes.SQLITE_CONSTRAINT, codes.SQLITE_TOOBIG, codes.SQLITE_MISMATCH, codes.SQLITE_ERROR,
		codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_INTERRUPT:
		return single
	default:
		return ruined
	}
}

// fullRetry is how long a caller should wait for space.
const fullRetry = 5 * time.Second

func fullFault(err error) error {
	return fault.Wrap(fault.StoreFull, err, "writing to the store: the disk is full or below its reserve").
		WithHint("free space; writing resumes by itself").WithRetry(fullRetry)
}

func failedFault(err error) *fault.Error {
	return fault.Wrap(fault.StoreUnavailable, err, "writing to the store: it failed and is closed to writes").
		WithHint("check the disk, then restart").WithRetry(fullRetry)
}

func closedFault() error {
	return fault.New(fault.StoreUnavailable, "the store is closed").WithRetry(0)
}

func interruptedFault(err error) error {
	return fault.Wrap(fault.StoreUnavailable, err, "waiting for the store").WithRetry(0)
}

// readFault is the border of every read.
func readFault(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.StoreUnavailable, err, "%s", doing).WithRetry(0)
}
