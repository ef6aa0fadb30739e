// Package value is the one model of data that events, expressions, commands and plugins share:
// nil, bool, int, float64, json.Number (an integer beyond 64 bits), string, []any, map[string]any.
//
// It decodes JSON strictly (depth, duplicate names, invalid UTF-8 and trailing data are refused) and
// encodes it without reflection. Values are immutable by convention: whoever changes one copies it
// first, so they may be shared between goroutines and steps.
package value
