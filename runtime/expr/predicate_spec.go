package expr

// predicateSpecs describe filter and its kin for the reference; the parser itself checks their arguments.
func predicateSpecs() []function {
	form := params{list("list"), anything("predicate")}
	optional := params{list("list"), anything("predicate").opt()}
	return []function{
		{
			name: "all", params: form, summary: "whether the predicate holds for every item; # is the item, .name its field",
			examples: []Example{gives(`all([1, 2], # > 0)`, `true`), gives(`all([], false)`, `true`), fails(`all(null, true)`, "all needs a list, found a null")},
		},
		{
			name: "any", params: form, summary: "whether the predicate holds for some item",
			examples: []Example{gives(`any([1, 2], # > 1)`, `true`), gives(`any([], true)`, `false`)},
		},
		{
			name: "none", params: form, summary: "whether the predicate holds for no item",
			examples: []Example{gives(`none([1, 2], # > 2)`, `true`), gives(`none([], true)`, `true`)},
		},
		{
			name: "one", params: form, summary: "whether the predicate holds for exactly one item",
			examples: []Example{gives(`one([1, 2], # == 2)`, `true`), gives(`one([2, 2], # == 2)`, `false`)},
		},
		{
			name: "filter", params: form, summary: "the items that the predicate holds for; also written list.?[...], where names are fields of the item",
			examples: []Example{
				gives(`filter([{p: 2}, {p: 9}], .p > 5)`, `[{"p":9}]`), gives(`[{p: 2}, {p: 9}].?[p > 5]`, `[{"p":9}]`),
				fails(`filter(['a'], #)`, "the predicate of filter gives a text, not true or false"),
			},
		},
		{
			name: "map", params: form, summary: "what the predicate gives for each item; also written list.![...]; a map literal stands in parentheses",
			examples: []Example{
				gives(`map([1, 2], # * 10)`, `[10,20]`), gives(`[{n: 'a'}, {n: 'b'}].![n]`, `["a","b"]`), gives(`map([1], ({v: #, i: #index}))`, `[{"i":0,"v":1}]`),
			},
		},
		{
			name: "count", params: optional, summary: "how many items the predicate holds for; without one, how many are true",
			examples: []Example{gives(`count([1, 2, 3], # > 1)`, `2`), gives(`count([true, false])`, `1`)},
		},
		{
			name: "sum", params: optional, summary: "the sum of the items, or of what the predicate gives for them; see @calc.sum for decimals",
			examples: []Example{gives(`sum([1, 2.5])`, `3.5`), gives(`sum([{p: 1}, {p: 2}], .p)`, `3`), fails(`sum(['a'])`, "+ needs numbers, found a text")},
		},
		{
			name: "find", params: form, summary: "the first item that the predicate holds for, null when there is none",
			examples: []Example{gives(`find([1, 2, 3], # > 1)`, `2`), gives(`find([1], # > 1)`, `null`)},
		},
		{
			name: "findIndex", params: form, summary: "the index of the first item that the predicate holds for, null when there is none",
			examples: []Example{gives(`findIndex([1, 2, 3], # > 1)`, `1`), gives(`findIndex([1], # > 1)`, `null`)},
		},
		{
			name: "findLast", params: form, summary: "the last item that the predicate holds for, null when there is none",
			examples: []Example{gives(`findLast([1, 2, 3], # > 1)`, `3`), gives(`findLast([], true)`, `null`)},
		},
		{
			name: "findLastIndex", params: form, summary: "the index of the last item that the predicate holds for, null when there is none",
			examples: []Example{gives(`findLastIndex([1, 2, 3], # > 1)`, `2`), gives(`findLastIndex([], true)`, `null`)},
		},
		{
			name: "groupBy", params: form, summary: "a map of lists: the items under what the predicate gives for them",
			examples: []Example{gives(`groupBy([1, 2, 3], # % 2 == 0)`, `{"false":[1,3],"true":[2]}`), gives(`groupBy([], #)`, `{}`)},
		},
		{
			name: "sortBy", params: params{list("list"), anything("predicate"), oneOf("order", "asc", "desc").opt()},
			summary: "the items in the order of what the predicate gives for them",
			examples: []Example{
				gives(`sortBy([{p: 2}, {p: 1}], .p)`, `[{"p":1},{"p":2}]`), gives(`sortBy([1, 2], #, 'desc')`, `[2,1]`),
				fails(`sortBy([1], #, 'up')`, `the order of a sort is neither "asc" nor "desc"`),
			},
		},
		{
			name: "reduce", params: params{list("list"), anything("predicate"), anything("first").opt()},
			summary: "one value: #acc is what the predicate gave for the item before, at the beginning the first argument or item",
			examples: []Example{
				gives(`reduce([1, 2, 3], #acc + #, 10)`, `16`), gives(`reduce([2, 3], #acc * #)`, `6`),
				fails(`reduce([], #acc + #)`, "reduce of an empty list needs a third argument"),
			},
		},
	}
}
