//go:build race

package expr_test

// raceEnabled says that everything takes ten times as long.
const raceEnabled = true
