package trigger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

// naive is the definition of a match, written as plainly as can be.
func naive(pattern, key []string) bool {
	switch {
	case len(pattern) == 0:
		return len(key) == 0
	case pattern[0] == "#":
		return naive(pattern[1:], key) || len(key) > 0 && naive(pattern, key[1:])
	case len(key) == 0:
		return false
	default:
		return (pattern[0] == "*" || pattern[0] == key[0]) && naive(pattern[1:], key[1:])
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, key string
		want         bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a", false},
		{"a.b", "a.b.c", false},
		{"a.b", "A.b", false},
		{"sales.order.*", "sales.order.created", true},
		{"sales.order.*", "sales.order", false},
		{"sales.order.*", "sales.order.created.late", false},
		{"sales.*.created", "sales.order.created", true},
		{"sales.#", "sales", true},
		{"sales.#", "sales.a.b.c", true},
		{"sales.#", "salesman", false},
		{"#", "a", true},
		{"#", "a.b.c", true},
		{"#.created", "created", true},
		{"#.created", "a.b.created", true},
		{"a.#.b.#.c", "a.b.c", true},
		{"a.#.b.#.c", "a.x.b.y.z.c", true},
		{"a.#.b.#.c", "a.x.y.c", false},
		{"*.#", "a", true},
		{"#.*", "a", true},
		{"#.#", "a.b", true},
		{"*", "a.b", false},
	}
	for _, c := range cases {
		if got := trigger.Match(c.pattern, c.key); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.key, got, c.want)
		}
		if got := naive(strings.Split(c.pattern, "."), strings.Split(c.key, ".")); got != c.want {
			t.Errorf("the naive matcher disagrees on %q, %q", c.pattern, c.key)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "#", "*", "a.*.b.#", "webhook.lead.created", "com.acme/x.*"} {
		if err := trigger.CheckPattern(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	bad := map[string]string{
		"":                       "a key pattern has 1 to 255 bytes",
		strings.Repeat("a", 256): "a key pattern has 1 to 255 bytes",
		"a..b":                   `key pattern "a..b" has an empty word; join words by single dots`,
		"a.b*":                   `key pattern "a.b*" has a wildcard inside the word "b*"; a wildcard stands for whole words: * for one, # for any number`,
		"a.##":                   `key pattern "a.##" has a wildcard inside the word "##"; a wildcard stands for whole words: * for one, # for any number`,
		"a b":                    `event key "a b" holds the character ' '; use letters, digits, _ - : / @ and dots`,
	}
	for pattern, want := range bad {
		err := trigger.CheckPattern(pattern)
		if err == nil {
			t.Errorf("%q accepted", pattern)
			continue
		}
		if err.Error() != want || fault.CodeOf(err) != fault.EventInvalid {
			t.Errorf("%q:\n got %v\nwant %v", pattern, err, want)
		}
	}
}

// TestIndexAgainstNaive: a random index finds exactly what the naive matcher finds, each value once.
func TestIndexAgainstNaive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "b", "c", "*", "#"}
	text := func(n, kinds int) string {
		parts := make([]string, 1+r.IntN(n))
		for i := range parts {
			parts[i] = words[r.IntN(kinds)]
		}
		return strings.Join(parts, ".")
	}
	for round := range 200 {
		var x trigger.Index[int]
		patterns := make([]string, 1+r.IntN(60))
		for i := range patterns {
			patterns[i] = text(6, len(words))
			x.Add(patterns[i], i)
		}
		for range 40 {
			key := text(7, 3)
			checkIndex(t, &x, patterns, key)
		}
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

func checkIndex(t *testing.T, x *trigger.Index[int], patterns []string, key string) {
	t.Helper()
	var got, want []int
	x.Match(key, func(i int) bool { got = append(got, i); return true })
	for i, p := range patterns {
		if naive(strings.Split(p, "."), strings.Split(key, ".")) {
			want = append(want, i)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("key %q over %q: %s", key, patterns, diff)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("a.#.b\n*.*\n#", "a.x.b")
	f.Add("#.a.#.a.#.a\n..", "a.a.a.a")
	f.Fuzz(func(t *testing.T, lines, key string) {
		if len(lines) > 200 || len(key) > 24 { // the naive matcher is exponential
			return
		}
		var x trigger.Index[int]
		patterns := strings.Split(lines, "\n")
		for i, p := range patterns {
			x.Add(p, i)
		}
		checkIndex(t, &x, patterns, key)
	})
}

// TestManyWildcardsStayCheap would not end with a matcher that tries every split.
func TestManyWildcardsStayCheap(t *testing.T) {
	t.Parallel()
	pattern := strings.Repeat("#.a.", 60) + "b"
	key := strings.Repeat("a.", 126) + "c"
	if trigger.Match(pattern, key) {
		t.Error("matched")
	}
}

func TestMatchStopsWhenAsked(t *testing.T) {
	t.Parallel()
	var x trigger.Index[int]
	x.Add("a", 1)
	x.Add("a", 2)
	x.Add("#", 3)
	calls := 0
	x.Match("a", func(int) bool { calls++; return false })
	if calls != 1 {
		t.Errorf("%d calls after false", calls)
	}
	var empty trigger.Index[int]
	empty.Match("a", func(int) bool { t.Error("an empty index matched"); return true })
}

func TestMatchDoesNotAllocate(t *testing.T) {
	var x trigger.Index[int]
	for i := range 100 {
		x.Add(fmt.Sprintf("a.%d.#", i), i)
	}
	x.Add("#.z", 1)
	n := 0
	yield := func(int) bool { n++; return true }
	if got := testing.AllocsPerRun(100, func() { x.Match("a.7.b.z", yield) }); got > 0.5 {
		t.Errorf("%v allocations per match", got)
	}
	if n == 0 {
		t.Error("nothing matched")
	}
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	e := event.Event{Key: "webhook.lead.created"}
	broken := errors.New("broken")
	asked := 0
	selector := func(answer bool, err error) trigger.Selector {
		return func(context.Context, event.Object) (bool, error) { asked++; return answer, err }
	}
	cases := map[string]struct {
		t    trigger.Trigger
		want bool
		err  error
	}{
		"no selector":  {trigger.Trigger{Pattern: "webhook.#"}, true, nil},
		"selected":     {trigger.Trigger{Pattern: "webhook.#", Select: selector(true, nil)}, true, nil},
		"not selected": {trigger.Trigger{Pattern: "webhook.#", Select: selector(false, nil)}, false, nil},
		"error":        {trigger.Trigger{Pattern: "webhook.#", Select: selector(false, broken)}, false, broken},
		"other key":    {trigger.Trigger{Pattern: "sales.#", Select: selector(true, nil)}, false, nil},
	}
	for name, c := range cases {
		got, err := c.t.Match(t.Context(), e, nil)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if asked != 3 {
		t.Errorf("the selector was asked %d times, want 3: never for another key", asked)
	}
	if got := (&trigger.Trigger{Kind: trigger.EventListen, Pattern: "a.#"}).String(); got != "event.listen a.#" {
		t.Error(got)
	}
}

func index10000() *trigger.Index[int] {
	var x trigger.Index[int]
	for i := range 9_900 {
		x.Add(fmt.Sprintf("webhook.system%d.object%d.created", i%100, i), i)
	}
	for i := range 100 {
		x.Add(fmt.Sprintf("webhook.system%d.*.#", i), i)
	}
	return &x
}

func BenchmarkIndex10000(b *testing.B) {
	x := index10000()
	n := 0
	yield := func(int) bool { n++; return true }
	b.ReportAllocs()
	for b.Loop() {
		x.Match("webhook.system42.object142.created", yield)
	}
	if n == 0 {
		b.Fatal("nothing matched")
	}
}

// BenchmarkIndex10000FloorMapLookup is what one exact lookup of the whole key costs.
func BenchmarkIndex10000FloorMapLookup(b *testing.B) {
	m := make(map[string]int, 10_000)
	for i := range 10_000 {
		m[fmt.Sprintf("webhook.system%d.object%d.created", i%100, i)] = i
	}
	key := strings.Clone("webhook.system42.object142.created")
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n += m[key]
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}
