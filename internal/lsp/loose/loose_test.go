package loose_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/lsp/loose"
)

// show writes a node in one line.
func show(n *loose.Node) string {
	if n == nil {
		return "~"
	}
	var parts []string
	switch n.Kind {
	case loose.List:
		for _, item := range n.Items {
			parts = append(parts, show(item))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case loose.Map:
		for _, p := range n.Pairs {
			sign := ":"
			if !p.Colon {
				sign = "?"
			}
			parts = append(parts, p.Key.String()+sign+show(p.Value))
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
	return fmt.Sprintf("%q", n.String())
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "~"},
		"comments only":       {"# a\n\n  # b\n", "~"},
		"map":                 {"a: 1\nb: x y\n", `{a:"1" b:"x y"}`},
		"comment behind":      {"a: 1 # one\nb: x#y\n", `{a:"1" b:"x#y"}`},
		"nested":              {"a:\n  b:\n    c: 1\n  d: 2\ne: 3\n", `{a:{b:{c:"1"} d:"2"} e:"3"}`},
		"list":                {"- a\n- b: 1\n  c: 2\n-\n- - x\n  - y\n", `["a" {b:"1" c:"2"} ~ ["x" "y"]]`},
		"list below its key":  {"pipeline:\n- log: x\n- exit\n", `{pipeline:[{log:"x"} "exit"]}`},
		"windows":             {"a:\r\n  - b: 1\r\n    c: 2\r\n  - d\r\n", `{a:[{b:"1" c:"2"} "d"]}`},
		"quotes":              {"\"a b\": 'it''s'\n'c:d': \"x: # y\"\n", `{a b:"it's" c:d:"x: # y"}`},
		"flow":                {"a: {b: 1, c: [x, \"y, z\"], d: {}}\n", `{a:{b:"1" c:["x" "y, z"] d:{}}}`},
		"flow over lines":     {"a: {b: 1,\n    c: 2}\nd: 3\n", `{a:{b:"1" c:"2"} d:"3"}`},
		"flow expression":     {"- log: {a: ${ {x: 1} }, b: 2}\n", `[{log:{a:"${ {x: 1} }" b:"2"}}]`},
		"flow pair in list":   {"a: [b: 1, c]\n", `{a:[{b:"1"} "c"]}`},
		"plain expression":    {"- set: ${a ? b : c}\n", `[{set:"${a ? b : c}"}]`},
		"block scalar":        {"a: |\n  x: 1\n\n  y\nb: >-\n    z\n", `{a:"\n  x: 1\n\n  y" b:"\n    z"}`},
		"document":            {"---\na: 1\n", `{a:"1"}`},
		"typing a name":       {"a: 1\nb\n", `{a:"1" b?~}`},
		"typing a command":    {"pipeline:\n  - log: x\n  - lo\n", `{pipeline:[{log:"x"} "lo"]}`},
		"typing a parameter":  {"- log:\n    mes\n- exit\n", `[{log:"mes"} "exit"]`},
		"typing another":      {"- log:\n    message: x\n    le\n- exit\n", `[{log:{message:"x" le?~}} "exit"]`},
		"no closing quote":    {"a: \"x\nb: 1\n", `{a:"x" b:"1"}`},
		"no closing bracket":  {"- log: {message: x, le\n- exit\n", `[{log:{message:"x" le?~}} "exit"]`},
		"no closing list":     {"a: [x, y\nb: 1\n", `{a:["x" "y"] b:"1"}`},
		"wrong bracket":       {"a: {b: 1]\nc: 2\n", `{a:{b:"1"} c:"2"}`},
		"deeper than it may":  {"a: 1\n   b: 2\nc: 3\n", `{a:"1" c:"3"}`},
		"tab":                 {"a:\n\t- b\nc: 1\n", "{a:~ \t- b?~ c:\"1\"}"},
		"value of two lines":  {"a: x\n  y\nb: 1\n", `{a:"x" b:"1"}`},
		"colon without space": {"a:b\n", `"a:b"`},
	} {
		if got := show(loose.Parse(c.text)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"value":     {"a: 1\nb:\n  - c: x|y\n", "{1}[0]{0} value xy"},
		"key":       {"a: 1\nb:\n  - c|d: x\n", "{1}[0]{0} key cd"},
		"flow":      {"a: {b: 1, c: [x, y|]}\n", "{0}{1}[1] value y"},
		"flow key":  {"a: {b: 1, c|}\n", "{0}{1} key c"},
		"literal":   {"a: >\n  x|\n  y\nb: 1\n", "{0} value \n  x\n  y"},
		"command":   {"pipeline:\n  - lo|\n", "{0}[0] value lo"},
		"comment":   {"a: 1 # x|\n", ""},
		"behind":    {"a: 1\n|", ""},
		"quotes":    {"a: \"x|y\"\n", "{0} value xy"},
		"umlauts":   {"ä: {ö: ü|}\n", "{0}{0} value ü"},
		"last item": {"- a\n- |b", "[1] value b"},
	} {
		at := strings.IndexByte(c.text, '|')
		text := c.text[:at] + c.text[at+1:]
		p, ok := loose.Parse(text).Find(at)
		got := ""
		if ok {
			for _, s := range p.Way {
				form := "{%d}"
				if s.Node.Kind == loose.List {
					form = "[%d]"
				}
				got += fmt.Sprintf(form, s.At)
			}
			got += map[bool]string{true: " key ", false: " value "}[p.IsKey] + p.Scalar.String()
			if text[p.Scalar.Inner:p.Scalar.Inner+len(p.Scalar.Text)] != p.Scalar.Text {
				t.Errorf("%s: the text does not stand at its place", name)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzParse: nothing panics or hangs, and every node stands where it says.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"pipeline:\n  - log: {message: \"x\", level: [a, {b: c}]}\n  - set: |\n      x\n", "a: [b: 1\n- c\n", "- - - x\n-\n", "'a': \"\\\"\r\n# x\r\n", "{[}]:,", "a:\n\t- b\n",
	} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, offset int) {
		root := loose.Parse(text)
		check(t, root, len(text))
		root.Find(offset)
	})
}

func check(t *testing.T, n *loose.Node, size int) {
	if n == nil {
		return
	}
	if n.Start < 0 || n.Start > n.End || n.End > size || n.Inner+len(n.Text) > size {
		t.Fatalf("a node from %d to %d in %d bytes", n.Start, n.End, size)
	}
	for _, item := range n.Items {
		check(t, item, size)
	}
	for _, p := range n.Pairs {
		check(t, p.Key, size)
		check(t, p.Value, size)
	}
}
