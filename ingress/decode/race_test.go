//go:build race

package decode_test

// underRace says that the race detector takes memory and time of its own; huge is how many bytes a bomb
// stands for.
const (
	underRace = true
	huge      = 100 << 20
)
