//go:build !race

package decode_test

// underRace says that the race detector takes memory and time of its own.
const underRace = false
