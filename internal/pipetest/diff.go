package pipetest

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/penstock/penstock/runtime/value"
)

// mostDiffed is the size of a value, as JSON text, beyond which no difference is made: its lines are shown
// one by one anyway.
const mostDiffed = 256 << 10

// diff shows where two values differ, line by line; empty where one line says it all.
func diff(expected, got any) string {
	a, b := pretty(expected), pretty(got)
	if strings.Count(a, "\n")+strings.Count(b, "\n") < 4 || len(a)+len(b) > mostDiffed {
		return ""
	}
	return udiff.Unified("expected", "got", a, b)
}

func pretty(v any) string {
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return ""
	}
	return b.String() + "\n"
}
