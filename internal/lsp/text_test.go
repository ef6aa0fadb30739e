package lsp

import (
	"testing"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
)

func TestPositions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		at     position
		offset int
		back   position // where offset is; the zero value is at
	}{
		"start":                       {"abc", position{0, 0}, 0, position{}},
		"end":                         {"abc", position{0, 3}, 3, position{}},
		"behind the line":             {"abc\nd", position{0, 9}, 3, position{0, 3}},
		"behind the text":             {"abc\nd", position{7, 2}, 5, position{1, 1}},
		"second line":                 {"abc\nde", position{1, 1}, 5, position{}},
		"windows":                     {"abc\r\nde", position{1, 1}, 6, position{}},
		"windows, end of line":        {"abc\r\nde", position{0, 4}, 3, position{0, 3}},
		"old mac":                     {"abc\rde", position{1, 1}, 5, position{}},
		"umlauts are one unit":        {"äöü", position{0, 2}, 4, position{}},
		"emoji are two units":         {"a😀b", position{0, 3}, 5, position{}},
		"within an emoji":             {"a😀b", position{0, 2}, 5, position{0, 3}},
		"of several characters":       {"👩‍🚀x", position{0, 5}, 11, position{}},
		"empty":                       {"", position{0, 0}, 0, position{}},
		"below an empty line":         {"\n\nx", position{2, 1}, 3, position{}},
		"negative":                    {"abc", position{-1, -1}, 0, position{0, 0}},
		"break at the end, no line":   {"a\n", position{1, 0}, 2, position{}},
		"umlaut and emoji, windows":   {"ü\r\n😀ü=1\r\n", position{1, 3}, 10, position{}},
		"behind the line of an empty": {"\r\n\r\n", position{1, 5}, 2, position{1, 0}},
	} {
		tx := newText(c.text)
		if got := tx.offset(c.at); got != c.offset {
			t.Errorf("%s: offset %d, want %d", name, got, c.offset)
		}
		if c.back == (position{}) && name != "negative" {
			c.back = c.at
		}
		if got := tx.position(c.offset); got != c.back {
			t.Errorf("%s: position %v, want %v", name, got, c.back)
		}
	}
}

// TestFaultPositions: those of faults count characters, those of the protocol UTF-16 units.
func TestFaultPositions(t *testing.T) {
	t.Parallel()
	tx := newText("log: ü😀x\r\n  y")
	for at, want := range map[fault.Position]position{
		{Line: 1, Column: 8}:  {0, 8},
		{Line: 1, Column: 99}: {0, 9},
		{Line: 2, Column: 3}:  {1, 2},
		{Line: 9, Column: 1}:  {1, 0},
		{}:                    {0, 0},
	} {
		if got := tx.of(at); got != want {
			t.Errorf("%v: %v, want %v", at, got, want)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, with, want string
		at               span
	}{
		"insert":    {"a😀b", "x", "a😀xb", span{position{0, 3}, position{0, 3}}},
		"delete":    {"ab\r\ncd", "", "ad", span{position{0, 1}, position{1, 1}}},
		"whole":     {"ab\ncd\n", "x", "x", span{position{0, 0}, position{9, 0}}},
		"backwards": {"abcd", "x", "axd", span{position{0, 3}, position{0, 1}}},
		"umlaut":    {"für\n", "ue", "fuer\n", span{position{0, 1}, position{0, 2}}},
	} {
		if got := newText(c.text).replace(c.at, c.with); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzPositions: offset and position are inverse at the beginnings of characters, and nothing leaves the text.
func FuzzPositions(f *testing.F) {
	f.Add("ä😀\r\nb\rc\n", 1, 2)
	f.Fuzz(func(t *testing.T, s string, line, character int) {
		tx := newText(s)
		at := tx.offset(position{line, character})
		if at < 0 || at > len(s) {
			t.Fatalf("offset %d of %d", at, len(s))
		}
		if !utf8.ValidString(s) {
			return
		}
		for i := range s {
			if i > 0 && s[i-1] == '\r' && s[i] == '\n' {
				continue // within a line break
			}
			if back := tx.offset(tx.position(i)); back != i {
				t.Fatalf("offset %d becomes %d", i, back)
			}
		}
		if got := tx.replace(span{position{line, character}, position{line + 1, 0}}, "x"); !utf8.ValidString(got) {
			t.Fatal("a character was cut")
		}
	})
}
