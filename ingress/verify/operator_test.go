package verify_test

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
)

// bomb is nine levels of nine aliases each.
func bomb() string {
	text := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		text += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	return text
}

// TestHostileFiles: whatever lies in the folder of presets, it loads or gives a fault with file and line, and
// takes little.
func TestHostileFiles(t *testing.T) {
	change := func(old, now string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("%q is not in the sound preset", old)
		}
		return strings.Replace(sound, old, now, 1)
	}
	place := regexp.MustCompile(`^acme\.yaml:[0-9]+(:[0-9]+)?: `)
	for name, c := range map[string]struct{ text, want string }{
		"bomb":                       {sound + bomb(), `acme.yaml:7:1: unknown field "a"`},
		"bomb in front":              {bomb() + sound, `acme.yaml:1:1: unknown field "a"`},
		"bomb in a field":            {sound + "docs: &a [*a, *a]\n", "acme.yaml:7:7: anchors and aliases are not allowed"},
		"alias in a list":            {change("secrets: [\"k\"]", "secrets: [&a \"k\", *a]"), "acme.yaml:5:"},
		"merge key":                  {sound + "<<: {docs: x}\n", `acme.yaml:7:1: unknown field "<<"`},
		"deep lists":                 {sound + "docs: " + strings.Repeat("[", 200_000), "acme.yaml:7: reading YAML: exceeded max depth"},
		"deep maps":                  {sound + "docs: " + strings.Repeat("{a: ", 50_000), "acme.yaml:7: reading YAML: exceeded max depth"},
		"deep blocks":                {sound + "docs:\n" + strings.Repeat("- ", 100_000), "acme.yaml:7: reading YAML: exceeded max depth"},
		"deep vectors":               {sound + "  - " + strings.Repeat("[", 200_000), "acme.yaml:7: reading YAML: exceeded max depth"},
		"binary tag":                 {change("name: acme", "name: !!binary YWNtZQ=="), "acme.yaml:1:7: a text is needed"},
		"tag of its own":             {change("name: acme", "name: !x acme"), "acme.yaml:1:7: a text is needed"},
		"null":                       {change("name: acme", "name: null"), "acme.yaml:1:7: a text is needed"},
		"field twice":                {change("encoding: hex", "encoding: hex, encoding: base64"), `acme.yaml:2:63: the field "encoding" occurs twice`},
		"field twice in a vector":    {change("want: accept", "want: accept, want: accept"), `acme.yaml:5:164: the field "want" occurs twice`},
		"vectors twice":              {sound + "vectors: []\n", `acme.yaml:7:1: unknown field "vectors"`},
		"setting twice":              {change(`headers: [],`, `settings: {prefix: a, prefix: b}, headers: [],`), `the field "prefix" occurs twice`},
		"list as a key":              {sound + "? [a, b]\n: c\n", "acme.yaml:7:3: unknown field"},
		"zero byte":                  {sound + "docs: \"a\x00b\"\n", "acme.yaml:7: the file is not UTF-8 without control characters"},
		"escape character":           {sound + "docs: \"a\x1b[2Jb\"\n", "acme.yaml:7: the file is not UTF-8"},
		"other encoding":             {sound + "docs: \xff\xfe\n", "acme.yaml:7: the file is not UTF-8"},
		"UTF-16":                     {"\xff\xfen\x00a\x00", "acme.yaml:1: the file is not UTF-8"},
		"tabs":                       {change("name: acme", "\tname: acme"), "acme.yaml:1: reading YAML"},
		"open bracket":               {sound + "docs: [\n", "acme.yaml:7: reading YAML"},
		"open bracket in a vector":   {sound + "  - {name: x\n", "acme.yaml:6: reading YAML"},
		"vectors inside braces":      {"{name: acme,\nvectors: []}\n", "acme.yaml:1: reading YAML"},
		"vectors that are a map":     {change("  - {name: good", "  a: {name: good"), "acme.yaml:4: reading YAML"},
		"long header":                {change("X-Acme", "X-"+strings.Repeat("a", 200_000)), "acme.yaml:2:21: a header name has 1 to 64 characters"},
		"large number":               {sound + "timestamp: {header: X-T, form: seconds, tolerance: 99999999999999999999999}\n", "acme.yaml:7:52: a whole number from 1 to 86400"},
		"number with an exponent":    {sound + "timestamp: {header: X-T, form: seconds, tolerance: 1e3}\n", "acme.yaml:7:52: a whole number"},
		"yes":                        {sound + "off: yes\n", "acme.yaml:7:6: true or false is needed"},
		"name of a path":             {change("name: acme", "name: ../acme"), `acme.yaml:1:7: the preset is called "../acme", but its file "acme"`},
		"unknown setting":            {sound + "settings: [nope]\n", `acme.yaml:7:12: "nope" is none of`},
		"GET without its address":    {sound + "methods: [GET]\n", "acme.yaml:7:10: the template contains neither {url} nor {path}"},
		"variants in variants":       {sound + "variants: [{variants: []}]\n", `acme.yaml:7:13: unknown field "variants"`},
		"empty secret in a vector":   {change(`secrets: ["k"], headers: []`, `secrets: [""], headers: []`), `acme.yaml:6:5: judging the vector "bad": secrets: a secret is empty`},
		"other verdict of a vector":  {change("c38edc88", "00000000"), `acme.yaml:5:5: judging the vector "good": the verdict is signature.mismatch, want accept`},
		"verdict that is no reason":  {change("want: signature.missing", "want: signature.mising"), `acme.yaml:6:5: judging the vector "bad"`},
		"list":                       {"[]", "acme.yaml:1:1: a map is needed here"},
		"null document":              {"null\n", "acme.yaml:1:1: a map is needed here"},
		"text like a costly pattern": {sound + "docs: '" + strings.Repeat("(a+)+", 40_000) + "'\n", ""},
		"other ends of lines":        {strings.ReplaceAll(sound, "\n", "\r\n"), ""},
		"byte order mark":            {"\ufeff" + sound, ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(c.text)}})
		runtime.ReadMemStats(&after)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %.200v", name, err)
		case c.want != "" && (err == nil || fault.CodeOf(err) != fault.PresetInvalid || !strings.Contains(err.Error(), c.want) || !place.MatchString(err.Error())):
			t.Errorf("%s:\ngot  %.200v\nwant %s", name, err, c.want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 && !raceEnabled {
			t.Errorf("%s: %d MiB allocated", name, grown>>20)
		}
	}
}

// TestPresetNames: a preset is called like its file, in letters that mean nothing to a shell, a path or a log.
func TestPresetNames(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{
		"acme": true, "acme-2": true, "acme_shop.v2": true, "7": true, strings.Repeat("a", 64): true,
		"": false, ".": false, "-x": false, ".acme": false, "a..b": false, "a.": false, "A": false, "a b": false, "a\nb": false, "ünï": false, "a\x1b": false,
		"a$b": false, "a'b": false, `a\b`: false, "a:b": false, "a%2e": false, strings.Repeat("a", 65): false,
	} {
		text := strings.Replace(sound, "name: acme", fmt.Sprintf("name: %q", name), 1)
		_, err := verify.Load(fstest.MapFS{name + ".yaml": {Data: []byte(text)}})
		if fine != (err == nil) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// What is not in the folder itself, and not a YAML file by its name, is not read.
	p, err := verify.Load(fstest.MapFS{"sub/acme.yaml": {Data: []byte("{")}, "acme.yaml.bak": {Data: []byte("{")}, "README.md": {Data: []byte("{")}})
	if err != nil {
		t.Error(err)
	}
	if _, ok := p.Info("acme"); ok {
		t.Error("a file of another folder is read")
	}
}

// TestOracleNeedsABodyKind: whoever may ask without a proof gets no HMAC that could be one of an event, whether
// the file says so or a list that the webhook leaves out.
func TestOracleNeedsABodyKind(t *testing.T) {
	t.Parallel()
	for _, proof := range []string{"proof: none", `proof: listed, secret: {source: "query:from", option: origins}`} {
		text := sound + "settings: [origins]\nhandshakes:\n  - {name: crc, method: GET, " + proof +
			`, when: [{source: "query:crc"}], answer: {fields: {token: {hmac: hex, of: "query:crc"}}}}` + "\n"
		_, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "makes an HMAC for anybody who asks") {
			t.Errorf("%s: %v", proof, err)
		}
		if _, err := verify.Load(fstest.MapFS{"acme.yaml": {Data: []byte(strings.Replace(text, `body: "x"`, `body: "{}"`, 1) + "body: object\n")}}); err == nil || strings.Contains(err.Error(), "HMAC") {
			t.Errorf("%s with body: object: %v", proof, err) // the vector of the sound preset is no object
		}
	}
}

// A file that would be passed over in silence is named.
func TestOtherEnding(t *testing.T) {
	t.Parallel()
	_, err := verify.Load(fstest.MapFS{"acme.yml": {Data: []byte("name: acme\n")}})
	if err == nil || !strings.Contains(err.Error(), "acme.yml: a preset's file ends in .yaml") {
		t.Errorf("the fault is %v", err)
	}
}
