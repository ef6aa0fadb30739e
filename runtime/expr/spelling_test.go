package expr_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
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

// TestKnownFunctions: every function that pipelines know is called in each of its forms, or is refused with
// what to write instead.
func TestKnownFunctions(t *testing.T) {
	t.Parallel()
	for util, functions := range map[string]string{ // name/number of arguments/another number
		"@calc":     "sum/1 avg/1 round/3 roundUp/2 roundDown/2",
		"@content":  "newCollection/0/1 newContent/1 fromBase64/1/2/3 from/1/2/4",
		"@convert":  "toBase64/1 fromBase64/1 fromBase64ToBytes/1 toJson/1 toXMLString/1 toDOM/1 toMap/1 toMapOrList/1 lazy/1 toLong/1 toInteger/1 toBoolean/1 toDecimal/1/2/3 toDecimalString/2/3 toByteArray/1",
		"@data":     "set/3 put/3 select/2 integerList/2 size/1 isEmpty/1 has/2 get/2 emptyObject/0 emptyList/0 keys/1 type/1 isType/2 isArray/1 isBoolean/1 isNumber/1 isObject/1 isString/1 isNull/1",
		"@date":     "now/0/1/2 nowIso8601/0 guessAndFormat/2 format/2/3 year/1 timestamp/0 isExpired/3/4 isOverdue/1/2 parseToInstant/1 beginOfYear/1/2 beginOfMonth/1/2 beginOfWeek/2/3 beginOfDay/1/2",
		"@function": "run/2",
		"@hash":     "sha256/1 sha256Concat/2 md5/1 md5Concat/2 sha512/1 sha512Concat/2",
		"@iam":      "userByUuid/1 userByUsername/1 userByEmail/1",
		"@instance": "env/1 domain/0 namespace/0 url/0/1 profiles/0 hasProfile/1 stage/0 version/0 build/0 edition/0 storage/0 tag/0 uptime/0 defaultImageRepo/1",
		"@json":     "load/1 path/2 stringify/1 object/0 array/0",
		"@list":     "first/1 last/1 size/1 empty/1 sublist/2 add/2/3 remove/2 contains/2 create/0 copy/1",
		"@path":     "join/1 extension/1 basename/1",
		"@property": "value/1 values/1 updateValue/2 get/1 lazy/1",
		"@resolve":  "uri/1",
		"@script":   "groovy/1/2",
		"@text":     "upperCase/1 lastIndexOf/2/3 indexOf/2/3 prefix/2 suffix/2 lowerCase/1 isEmpty/1 shorten/2 length/1 contains/2 lang/1 random/1 uuid/0 toHtml/1 append/2 concat/2 commajoin/1 format/2 leftPad/2/3 rightPad/2/3 concatAndFormat/3 startsWith/2 replaceAll/3 substring/2/3 trim/1 isAllEmpty/1 toAlphaNumeric/1 firstCharUpper/1 firstCharLower/1 split/2 replaceCharAt/3 matches/2 escapeCsvValue/1",
		"@uri":      "resolve/1",
		"@user":     "username/0 uuid/0 hasPermission/1 displayName/0/1 emailAndDisplayName/0/1 email/0/1 locale/0 firstName/0 lastName/0 loggedIn/0 zone/0",
		"@xml":      "xpath/2 xpathAsText/2",
	} {
		for entry := range strings.FieldsSeq(functions) {
			name, counts, _ := strings.Cut(entry, "/")
			for count := range strings.SplitSeq(counts, "/") {
				n, err := strconv.Atoi(count)
				if err != nil {
					t.Fatal(err)
				}
				src := util + "." + name + "(" + strings.TrimSuffix(strings.Repeat("body, ", n), ", ") + ")"
				if _, err := language().Compile(src); err != nil && (fault.HintOf(err) == "" || !strings.Contains(err.Error(), "there is no "+util+"."+name+" here")) {
					t.Errorf("%s: %v", src, err)
				}
			}
		}
	}
}
