package pipeline_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// TestPlaceInText: a fault in an expression stands where its word is written, however the text is written. The word is boddy,
// and it stands in each file once.
func TestPlaceInText(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"plain":                         "pipeline:\n  - set: ${boddy.a}\n",
		"plain, characters in front":    "pipeline:\n  - set: äöü ${boddy.a}\n",
		"plain, over lines":             "pipeline:\n  - set: one\n      two ${body}\n\n      three ${boddy.a}\n",
		"plain, in a list":              "pipeline:\n  - set: [a, 'b', \"x ${boddy}\", c] # it's\n",
		"quoted":                        "pipeline:\n  - set: \"${boddy.a}\"\n",
		"quoted with escapes":           "pipeline:\n  - set: \"a\\tb \\\"c\\\" \\u00e4 ${boddy.a}\"\n",
		"escapes inside":                "pipeline:\n  - set: \"${'\\\"' + 'ä' + boddy.a}\"\n",
		"an escaped line":               "pipeline:\n  - set: \"a\\\n      b ${boddy.a}\"\n",
		"quoted over lines":             "pipeline:\n  - set: \"a\n\n      b ${boddy.a}\n      c\"\n",
		"quoted, expression over lines": "pipeline:\n  - set: \"${body.a +\n      boddy.b}\"\n",
		"a line break":                  "pipeline:\n  - set: \"a\\n${boddy.a}\"\n",
		"single quotes":                 "pipeline:\n  - set: 'it''s ${boddy.a}'\n",
		"single quotes inside":          "pipeline:\n  - set: '${''a'' + boddy.a}'\n",
		"single quotes over lines":      "pipeline:\n  - set: 'it''s\n     so ${boddy.a}'\n",
		"literal":                       "pipeline:\n  - set: |\n      a\n        b ${boddy.a}\n",
		"literal after empty lines":     "pipeline:\n  - set: |\n\n\n      a ${boddy.a}\n",
		"literal, told indentation":     "pipeline:\n  - set: |2\n        a\n      b ${boddy.a}\n",
		"literal, kept":                 "pipeline:\n  - set: |+\n      a ${boddy.a}\n\n\n  - exit\n",
		"literal, stripped":             "pipeline:\n  - set: |- # why\n      a\n\n      b ${boddy.a}\n  - exit\n",
		"folded":                        "pipeline:\n  - set: >\n      a\n      b ${boddy.a}\n",
		"folded, deeper":                "pipeline:\n  - set: >\n      a\n        b\n        c\n      d\n\n      e ${boddy.a}\n",
		"folded, first deeper":          "pipeline:\n  - set: >1\n       a\n      b\n\n      c ${boddy.a}\n",
		"folded, expression":            "pipeline:\n  - set: >-\n      ${body.a +\n      boddy.b}\n",
		"prefix":                        "headers: {exprPrefix: \"%\"}\npipeline:\n  - set: \"${x} \\t%{boddy.a}\"\n",
		"bare":                          "pipeline:\n  - eval: \"'\\\"' + boddy.a\"\n",
		"condition":                     "pipeline:\n  - exit: {if: \"${ '\\\"' == boddy.a }\"}\n",
		"output":                        "pipeline:\n  - set: {value: 1, output: \"vars['\\x61'][boddy.a]\"}\n",
		"JSON":                          "{\"pipeline\": [{\"set\": \"${boddy.a}\"}]}",
		"JSON with escapes":             "{\"pipeline\": [\n  {\"set\": \"ä \\\"b\\\" \\u00e4\\/ ${boddy.a}\"}]}",
		"JSON over lines":               "{\"pipeline\": [\n  {\"set\": \"a\\n${ 1 +\\n boddy.a}\"}]}",
		"carriage returns":              "pipeline:\r\n  - set: |\r\n      a\r\n      b ${boddy.a}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "a.pi.yaml"
			if strings.HasPrefix(src, "{") {
				file = "a.pi.json"
			}
			before, _, _ := strings.Cut(src, "boddy")
			want := fault.Position{File: file, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1}
			x := pipeline.Examine(file, "", []byte(src), deps(t, &world{}))
			if len(x.Faults) != 1 {
				t.Fatalf("one fault is wanted: %v", x.Faults)
			}
			if got := x.Faults[0].Pos; got != want {
				t.Errorf("it stands at %v, not %v: %v", want, got, x.Faults[0])
			}
		})
	}
}
