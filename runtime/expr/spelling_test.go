package expr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/value"
)

// TestSpellings: what the language of the reference writes in its own way gives the same value as our spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	env := sampleEnv(t)
	for theirs, ours := range map[string]string{
		// selection
		`body.items.?[price > 5]`:                       `filter(body.items, .price > 5)`,
		`body.items.?[#this.price > 5]`:                 `filter(body.items, #.price > 5)`,
		`body.items.?[price > vars.n and name != 'x']`:  `filter(body.items, .price > vars.n and .name != 'x')`,
		`body.items.?[price > #root.vars.n]`:            `filter(body.items, .price > vars.n)`,
		`body.items.?[missing == null]`:                 `body.items`,
		`body.items.?[missing]`:                         `[]`,
		`body.list.?[#this > 1].size()`:                 `2`,
		`body.list.?[# > 1][0]`:                         `2`,
		`body.list.?[#index > 0]`:                       `[2, 3]`,
		`1 + body.list.?[#this > 2].size() * 10`:        `11`,
		`body.items.?[tags != null][0].name`:            `'pen'`,
		`body.items.?[(tags ?? {}).contains('x')]`:      `filter(body.items, 'x' in (.tags ?? []))`,
		`body.items.?[price > 5].?[price < 20]`:         `filter(filter(body.items, .price > 5), .price < 20)`,
		`body.items.?[{2, 40}.contains(price)]`:         `filter(body.items, .price in [2, 40])`,
		`{1, 2, 3}.?[#this != 2]`:                       `[1, 3]`,
		`{{1, 2}, {3}}.?[#this.size() > 1]`:             `[[1, 2]]`,
		`body.missing?.?[x > 1]`:                        `null`,
		`body.missing?.items.?[x > 1].size()`:           `null`,
		`(body.missing ?? {}).?[x > 1]`:                 `[]`,
		`body.items.?[name matches '[a-c].*']`:          `filter(body.items, .name matches '[a-c].*')`,
		`let low = 5; body.items.?[price > low].size()`: `2`,
		`{a: 1, b: 5}.?[value > 2]`:                     `{b: 5}`,
		`{a: 1, b: 5}.?[key == 'a']`:                    `{a: 1}`,
		`body.items.?['].?[' != name].size()`:           `3`,
		`body.items.?[type == null].size()`:             `3`, // a field that is called like a function
		// projection
		`body.items.![name]`:                                           `map(body.items, .name)`,
		`body.items.![#this.name + '!']`:                               `map(body.items, .name + '!')`,
		`body.items.![{n: name, p: price * 2}][0]`:                     `{n: 'pen', p: 4}`,
		`body.items.![{name, price}][0]`:                               `['pen', 2]`,
		`body.items.?[price > 5].![name]`:                              `['cup', 'bag']`,
		`body.items.![tags?.![#this + '?']]`:                           `[['x?'], null, null]`,
		`body.items.![map(tags ?? {}, # + '?')]`:                       `[['x?'], [], []]`,
		`{a: 1, b: 5}.![key + value]`:                                  `['a1', 'b5']`,
		`filter(body.items, .tags?.![#this].size() == 1)`:              `filter(body.items, .tags != null)`,
		`@text.concat(', ', body.items.![name])`:                       `'pen, cup, bag'`,
		`body.items.![vars.n]`:                                         `[1, 1, 1]`,
		`body.items.![name].?[#this startsWith 'c'].![#this.length()]`: `[3]`,
		// methods and literals
		`body.list.size() == 3`:                      `true`,
		`{1, 2, 3}.contains(2)`:                      `true`,
		`body.name.toUpperCase().equals('ANN')`:      `true`,
		`body.name.isEmpty() or body.name.isBlank()`: `false`,
		`body.a.getOrDefault('x', 7)`:                `7`,
		`body.a.get('b')`:                            `7`,
		`{:}.isEmpty()`:                              `true`,
		`{}.size()`:                                  `0`,
		`{a: {1, {b: 'c'}}}['a'][1].b`:               `'c'`,
		`body.name.replace('n', 'm').repeat(2)`:      `'AmmAmm'`,
		`body.name.concat('!', 1)`:                   `'Ann!1'`,
		`'a-b'.split('-').join('+')`:                 `'a+b'`,
		`body.a.keySet().contains('none')`:           `true`,
		`vars.n.toString().length()`:                 `1`,
	} {
		got, err := eval(t, theirs, env)
		if err != nil {
			t.Errorf("%s: %v", theirs, err)
			continue
		}
		want, err := eval(t, ours, env)
		if err != nil {
			t.Errorf("%s: %v", ours, err)
			continue
		}
		text, err := value.AppendJSON(nil, got)
		if err != nil {
			t.Errorf("%s: %v", theirs, err)
			continue
		}
		wantText, err := value.AppendJSON(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(wantText), string(text)); diff != "" {
			t.Errorf("%s:\n%s", theirs, diff)
		}
	}
}

// TestItemsCannotStandForRoots: a field of an item never takes the place of a name that is readable everywhere.
func TestItemsCannotStandForRoots(t *testing.T) {
	t.Parallel()
	env := map[string]any{
		"body": []any{map[string]any{"amount": 50, "vars": map[string]any{"limit": 1000}}},
		"vars": map[string]any{"limit": 10},
	}
	for src, want := range map[string]string{
		`body.?[amount < vars.limit]`:       `[]`,
		`body.?[amount < #root.vars.limit]`: `[]`,
		`body.![#this.vars.limit]`:          `[1000]`,
	} {
		got, err := eval(t, src, env)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if text, err := value.AppendJSON(nil, got); err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", src, text, err)
		}
	}
}
