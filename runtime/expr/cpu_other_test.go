//go:build !linux

package expr_test

import "time"

// threadTime is the time that passes, for want of the thread's own.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
