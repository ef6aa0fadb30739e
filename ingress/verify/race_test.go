//go:build race

package verify_test

// raceEnabled: under the race detector sync.Pool drops values at random, so allocations are not counted.
const raceEnabled = true
