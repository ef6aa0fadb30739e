package trigger

import (
	"strings"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
)

// The wildcards of a pattern.
const (
	OneWord  = "*" // exactly one word
	AnyWords = "#" // any number of words, also none
)

// CheckPattern reports whether pattern is usable: the words of an event key, where a word may also be
// one of the wildcards. The error carries fault.EventInvalid.
func CheckPattern(pattern string) error {
	if pattern == "" || len(pattern) > event.MaxKeyLength {
		return fault.New(fault.EventInvalid, "a key pattern has 1 to %d bytes", event.MaxKeyLength)
	}
	for word := range strings.SplitSeq(pattern, ".") {
		switch {
		case word == OneWord || word == AnyWords:
		case word == "":
			return fault.New(fault.EventInvalid, "key pattern %q has an empty word", pattern).WithHint("join words by single dots")
		case strings.ContainsAny(word, OneWord+AnyWords):
			return fault.New(fault.EventInvalid, "key pattern %q has a wildcard inside the word %q", pattern, word).
				WithHint("a wildcard stands for whole words: * for one, # for any number")
		default:
			if err := event.CheckKey(word); err != nil {
				return err
			}
		}
	}
	return nil
}

// Match reports whether key matches pattern. It is for single questions; use an [Index] for many patterns.
func Match(pattern, key string) bool {
	var x Index[struct{}]
	x.Add(pattern, struct{}{})
	found := false
	x.Match(key, func(struct{}) bool { found = true; return false })
	return found
}
