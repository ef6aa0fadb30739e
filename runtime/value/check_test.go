package value_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/value"
)

// sentinels are told apart by callers.
var sentinels = []error{value.ErrDepth, value.ErrNames, value.ErrTrailing, value.ErrNumber, value.ErrSyntax}

func kind(err error) error {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return s
		}
	}
	return err
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestCheckJudgesAsDecodeDoes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"object":              `{"a":[1,-2.5,"x",null,true],"b":{"c":{}}}`,
		"scalar":              ` 7 `,
		"text":                `"é\u00e9"`,
		"empty":               ``,
		"white space":         " \n",
		"half":                `{"a":`,
		"no name":             `{1:2}`,
		"duplicate":           `{"a":1,"a":2}`,
		"duplicate below":     `[{"a":1},{"a":1,"\u0061":2}]`,
		"same name elsewhere": `{"a":{"a":1},"b":{"a":1}}`,
		"trailing":            `{} 1`,
		"trailing comma":      `[1,]`,
		"closed too often":    `[]]`,
		"closed wrongly":      `[}`,
		"only closed":         `]`,
		"invalid UTF-8":       "\"\xff\"",
		"lone surrogate":      `"\ud800"`,
		"deepest":             strings.Repeat("[", value.MaxDepth) + strings.Repeat("]", value.MaxDepth),
		"too deep":            strings.Repeat("[", value.MaxDepth+1) + strings.Repeat("]", value.MaxDepth+1),
		"very deep":           strings.Repeat("[", 100_000),
		"deep objects":        strings.Repeat(`{"a":`, value.MaxDepth+1) + "1" + strings.Repeat("}", value.MaxDepth+1),
		"huge exponent":       "1e400000",
		"huge digits":         strings.Repeat("9", 1<<20),
		"400 digits":          strings.Repeat("9", 400),
		"309 digits":          strings.Repeat("9", 309),
		"308 digits":          strings.Repeat("9", 308),
		"small exponent":      "1e-400000",
		"most names":          manyNames(value.MaxNames),
		"too many names":      manyNames(value.MaxNames + 1),
		"many names below":    `{"a":[` + manyNames(value.MaxNames+1) + `]}`,
	} {
		_, want := value.Decode([]byte(text))
		got := value.Check([]byte(text), 0)
		if !errors.Is(kind(got), kind(want)) {
			t.Errorf("%s: Check says %v, Decode %v", name, got, want)
		}
	}
}

// TestCheckAround: what passes can stand inside of something else.
func TestCheckAround(t *testing.T) {
	t.Parallel()
	deepest := strings.Repeat("[", value.MaxDepth-1) + strings.Repeat("]", value.MaxDepth-1)
	if err := value.Check([]byte(deepest), 1); err != nil {
		t.Error(err)
	}
	if _, err := value.Decode([]byte(`{"a":` + deepest + `}`)); err != nil {
		t.Error(err)
	}
	if err := value.Check([]byte("["+deepest+"]"), 1); !errors.Is(err, value.ErrDepth) {
		t.Errorf("one level more: %v", err)
	}
}

// FuzzCheck: Check and Decode accept the same.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"é",null,true,{"b":{}}]}`, `1e5`, `-0`, `[[[]]]`, `{"a":1,"a":2}`, `1e999`, `]`, `[1 2]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := string(data)
		_, want := value.Decode(data)
		if got := value.Check(data, 0); (got == nil) != (want == nil) {
			t.Fatalf("Check says %v, Decode %v", got, want)
		}
		if string(data) != before {
			t.Fatal("the data was changed")
		}
	})
}

func BenchmarkCheck1KB(b *testing.B) {
	text := []byte(`{"items":[` + strings.TrimSuffix(strings.Repeat(`{"k":"name","v":12.5,"tags":["a","b"]},`, 25), ",") + `]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := value.Check(text, 0); err != nil {
			b.Fatal(err)
		}
	}
}
