package ingress

import (
	"strings"
	"testing"
)

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patterns []string
		yes, no  []string
	}{
		"any":     {nil, []string{"", "x", "text/plain"}, nil},
		"one":     {[]string{"application/json"}, []string{"application/json", "Application/JSON; charset=utf-8", " application/json ;x"}, []string{"", "application/jsonp", "application/json+x", "text/json", "json"}},
		"main":    {[]string{"text/*"}, []string{"text/plain", "TEXT/html"}, []string{"text", "text/", "texts/plain", "/plain"}},
		"suffix":  {[]string{"application/*+json"}, []string{"application/ld+json", "application/ld+JSON;a=b"}, []string{"application/json", "application/+json", "text/ld+json", "application/ld+json5"}},
		"all":     {[]string{"*/*"}, []string{"a/b"}, []string{"", "a"}},
		"several": {[]string{"text/plain", "image/*"}, []string{"text/plain", "image/png"}, []string{"text/html"}},
	} {
		_, list, err := checkMediaTypes(c.patterns)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.yes {
			if !list.match([]byte(text)) {
				t.Errorf("%s: %q does not fit", name, text)
			}
		}
		for _, text := range c.no {
			if list.match([]byte(text)) {
				t.Errorf("%s: %q fits", name, text)
			}
		}
	}
}

func TestTakesMethod(t *testing.T) {
	t.Parallel()
	e := &entry{methods: []string{"POST"}}
	if !e.takesMethod([]byte("POST")) || e.takesMethod([]byte("post")) || e.takesMethod([]byte("GET")) || e.takesMethod(nil) {
		t.Error("methods are not compared as they are")
	}
}

// FuzzMediaTypes: no Content-Type matches a pattern that it does not spell.
func FuzzMediaTypes(f *testing.F) {
	for _, text := range []string{"application/json", "application/ld+json; charset=utf-8", "TEXT/Plain", "/", "a/+json", ";/;"} {
		f.Add("application/*+json", []byte(text))
		f.Add(text, []byte(text))
	}
	f.Fuzz(func(t *testing.T, pattern string, contentType []byte) {
		texts, list, err := checkMediaTypes([]string{pattern})
		if err != nil || !list.match(contentType) {
			return
		}
		kind, _, _ := strings.Cut(strings.ToLower(string(contentType)), ";")
		main, sub, _ := strings.Cut(strings.TrimSpace(kind), "/")
		wantMain, wantSub, _ := strings.Cut(texts[0], "/")
		suffix, open := strings.CutPrefix(wantSub, "*")
		if wantMain != "*" && main != wantMain || !open && sub != wantSub || open && !strings.HasSuffix(sub, suffix) {
			t.Errorf("%q fits %q", contentType, pattern)
		}
	})
}
