package pipetest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/value"
)

// FuzzWritten holds that every value that is written into a test file is read from it again, whatever its texts
// look like.
func FuzzWritten(f *testing.F) {
	for _, text := range []string{
		`null`, `true`, `12.50`, `-7`, `12345678901234567890`, `""`, `"a"`, `"yes"`, `"07"`, `"null"`, `"2026-01-31"`, `" a "`, `"a: b"`, `"#{x}"`, `"${x}"`,
		`"${'}"`, `"\"${\\\""`, `"a\nb\n"`, `"\n\n a"`, `"\t"`, `"\u0000"`, `"- a"`, `"&a"`, `"*a"`, `"!a"`, `"<<"`, `"é😀"`, `"\r\n"`, `"|"`, `{}`, `[]`, `{"":1}`,
		`{"a":{"b":[1,{"c":null}]},"<<":{"x":1},"no":"on"}`, `[[],[[]],{}]`, `"\ufeff"`, `"\u2028"`, `1e300`, `0.1`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := value.Decode(data)
		if err != nil {
			return
		}
		text := pipetest.Written(want)
		got, err := pipetest.Read(text)
		if err != nil {
			t.Fatalf("%q is written as\n%s\n%v", data, text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q is written as\n%s\n%s", data, text, diff)
		}
	})
}
