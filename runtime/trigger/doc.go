// Package trigger says which events start a pipeline: a [Trigger] is a pattern over event keys with an
// optional selector, an [Index] finds among thousands of patterns those that match one key.
//
// In a pattern, words are joined by dots; '*' stands for exactly one word, '#' for any number of words,
// also none. A [Schedule] says when a job is due; it is the only thing here that knows about cron expressions and time
// zones. The pipeline compiler makes triggers, the engine asks them for every event. The package
// evaluates no expressions itself: a selector is a function.
package trigger
