//go:build race

package app_test

// memoryFactor is how much more memory the race detector may take.
const memoryFactor = 10
