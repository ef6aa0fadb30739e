//go:build !linux || (!amd64 && !arm64)

package syncfault

import "errors"

// FailSyncs is not possible here.
func FailSyncs() error {
	return errors.New("making syncs fail needs Linux on amd64 or arm64")
}
