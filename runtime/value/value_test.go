package value_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/value"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := value.Decode([]byte(`{"a":[1,-2.5,"x",null,true],"big":123456789012345678901234567890}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a":   []any{1, -2.5, "x", nil, true},
		"big": json.Number("123456789012345678901234567890"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const canary = "S3CRET"
	cases := map[string]struct {
		in   string
		want error
	}{
		"empty":           {"", value.ErrSyntax},
		"half":            {`{"` + canary + `":`, value.ErrSyntax},
		"duplicate name":  {`{"` + canary + `":1,"` + canary + `":2}`, value.ErrSyntax},
		"invalid UTF-8":   {"\"" + canary + "\xff\"", value.ErrSyntax},
		"lone surrogate":  {`"` + canary + `\ud800"`, value.ErrSyntax},
		"trailing data":   {`{} ` + canary, value.ErrTrailing},
		"deep":            {strings.Repeat("[", 100_000), value.ErrDepth},
		"deep objects":    {strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), value.ErrDepth},
		"huge exponent":   {"1e400000", value.ErrNumber},
		"huge digits":     {strings.Repeat("9", 1<<20), value.ErrNumber},
		"NaN":             {"NaN", value.ErrSyntax},
		"leading zero":    {"01", value.ErrTrailing},
		"comment":         {"/* */ 1", value.ErrSyntax},
		"trailing comma":  {"[1,]", value.ErrSyntax},
		"single quotes":   {"'a'", value.ErrSyntax},
		"control in text": {"\"a\nb\"", value.ErrSyntax},
	}
	for name, c := range cases {
		_, err := value.Decode([]byte(c.in))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error quotes the data: %v", name, err)
		}
		trailing := errors.Is(c.want, value.ErrTrailing) && errors.Is(err, value.ErrSyntax)
		if !errors.Is(err, c.want) && !trailing {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestManyNames(t *testing.T) {
	t.Parallel()
	m := map[string]int{}
	for i := range value.MaxNames + 1 {
		m[strings.Repeat("a", i%7)+string(rune('a'+i%26))+strings.Repeat("b", i/180)] = i
		m[string(rune(0x4e00+i))] = i
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := value.Decode(text); !errors.Is(err, value.ErrNames) {
		t.Errorf("got %v, want ErrNames", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	self := []any{nil}
	self[0] = self
	for name, v := range map[string]any{
		"NaN": math.NaN(), "Inf": math.Inf(1), "func": func() {}, "circle": self, "struct": struct{ A int }{1},
	} {
		if _, err := value.AppendJSON(nil, v); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "interface") || strings.Contains(err.Error(), "struct {") {
			t.Errorf("%s: the error shows a Go type: %v", name, err)
		}
	}
}

// FuzzDecode holds Decode against encoding/json: what we accept, it accepts, with the same meaning,
// and encoding what we decoded gives a text that decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"é",null,true,{"b":{}}]}`, `1e5`, `-0`, `"\u00e9\n"`, `[[[]]]`, `123456789012345678901`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := value.Decode(data)
		if err != nil {
			return
		}
		var other any
		if err := json.Unmarshal(data, &other); err != nil {
			t.Fatalf("encoding/json refuses what we accept: %v", err)
		}
		text, err := value.AppendJSON(nil, got)
		if err != nil {
			t.Fatalf("encoding: %v", err)
		}
		again, err := value.Decode(text)
		if err != nil {
			t.Fatalf("decoding again: %v", err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkDecode1KB(b *testing.B) {
	text := []byte(`{"items":[` + strings.TrimSuffix(strings.Repeat(`{"k":"name","v":12.5,"tags":["a","b"]},`, 25), ",") + `]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := value.Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode1KBFloorStdlib(b *testing.B) {
	text := []byte(`{"items":[` + strings.TrimSuffix(strings.Repeat(`{"k":"name","v":12.5,"tags":["a","b"]},`, 25), ",") + `]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			b.Fatal(err)
		}
	}
}
