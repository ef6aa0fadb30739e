package property_test

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/property"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"global/app/shop/limit":               "global/app/shop/limit",
		"/demo/limit":                         "demo/limit",
		"a":                                   "a",
		"a.b/c_d-e":                           "a.b/c_d-e",
		"/pipeforce/default/global/x":         "global/x",
		"pipeforce/default/x":                 "pipeforce/default/x",
		"/pipeforce/other/global/x":           "",
		"/pipeforce/default":                  "",
		"":                                    "",
		"/":                                   "",
		"a//b":                                "",
		"a/":                                  "",
		"../a":                                "",
		"a/./b":                               "",
		"a/../../b":                           "",
		"a b":                                 "",
		"a\x00":                               "",
		"a%2f..":                              "",
		`a\b`:                                 "",
		"ä":                                   "",
		"a/*":                                 "",
		strings.Repeat("a", 129):              "",
		strings.Repeat("a/", 40) + "a":        "",
		strings.Repeat("a", 128):              strings.Repeat("a", 128),
		strings.Repeat("a/", 31) + "a":        strings.Repeat("a/", 31) + "a",
		strings.Repeat("aaaaaaaa/", 64) + "a": "",
	} {
		got, err := property.Clean(path, "default")
		if got != want || (err == nil) == (want == "") || err != nil && fault.CodeOf(err) != fault.PropertyInvalid {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
}

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/b/c", false},
		{"a/*", "a/b", true},
		{"a/*", "a/b/c", false},
		{"a/*", "a", false},
		{"a/**", "a/b/c", true},
		{"a/**", "a", true},
		{"a/**", "ab", false},
		{"**", "a/b/c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "c", true},
		{"a/**/c", "a/c", true},
		{"a/**/c", "a/b/b/c", true},
		{"a/**/c", "a/b/b/d", false},
		{"a/*/c", "a/b/c", true},
		{"a/b*", "a/bcd", true},
		{"a/b*d", "a/bcd", true},
		{"a/b*d", "a/bc", false},
		{"a/?", "a/b", true},
		{"a/?", "a/bc", false},
		{"/pipeforce/default/a/*", "a/b", true},
		{"/a/*", "a/b", true},
		{"**/a/**/b/*.x", "q/a/w/b/e.x", true},
		{"*a*a*a*b", strings.Repeat("a", 128), false},
	} {
		p, err := property.ParsePattern(c.pattern, "default")
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match(c.path); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.path, got)
		}
		if c.want && !strings.HasPrefix(c.path, p.Prefix()) {
			t.Errorf("%s: prefix %s, path %s", c.pattern, p.Prefix(), c.path)
		}
	}
	for _, bad := range []string{"", "a//b", "../*", "a/[b]", "/pipeforce/other/**"} {
		if _, err := property.ParsePattern(bad, "default"); fault.CodeOf(err) != fault.PropertyInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if (property.Pattern{}).Match("a") {
		t.Error("the zero pattern matches")
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for want, at := range map[bool]time.Time{false: now.Add(1), true: now} {
		p := property.Property{Expires: at}
		if p.Expired(now) != want {
			t.Errorf("at %s: %v", at, !want)
		}
	}
	if (&property.Property{}).Expired(now) {
		t.Error("one without an end has expired")
	}
}

// FuzzPath: what is taken as a path stays itself and is named by itself as a pattern.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a/b", "/pipeforce/default/a", "a/../b", "**", "a*/?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pattern, patternErr := property.ParsePattern(text, "default")
		path, err := property.Clean(text, "default")
		if err != nil {
			if patternErr == nil {
				pattern.Match("a/b/c")
			}
			return
		}
		again, err := property.Clean(path, "default")
		if err != nil || again != path || strings.HasPrefix(path, "/") || strings.Contains(path, "..") && strings.Contains("/"+path+"/", "/../") {
			t.Errorf("%q became %q, then %q: %v", text, path, again, err)
		}
		if patternErr != nil || !pattern.Match(path) || pattern.Prefix() != path {
			t.Errorf("%q does not name itself: %v", text, patternErr)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p, err := property.ParsePattern("global/app/**/config/*.limit", "default")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Match("global/app/shop/eu/config/max.limit")
	}
}
