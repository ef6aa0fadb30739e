package expr

import "slices"

// plainFunctions and utils are the one list of what expressions can call by name, in the order of the
// reference. A new function is one entry in the list of its file, a new util one file and its line here.

func plainFunctions() []function {
	return slices.Concat(valueFunctions(), numberFunctions(), listFunctions(), mapFunctions())
}

func utils() []function {
	return slices.Concat(
		calcUtil(), contentUtil(), convertUtil(), dataUtil(), dateUtil(), hashUtil(), instanceUtil(), jsonUtil(), listUtil(),
		pathUtil(), propertyUtil(), resolveUtil(), textUtil(), uriUtil(), userUtil(), xmlUtil(),
	)
}

func allFunctions() []function { return append(plainFunctions(), utils()...) }

// methods says what value.name(...) calls; the value becomes the first argument.
func methods(known map[string]*function) map[string]*function {
	out := map[string]*function{}
	for method, name := range map[string]string{
		"size": "len", "length": "len", "isEmpty": "isEmpty", "isBlank": "@text.isEmpty",
		"startsWith": "@text.startsWith", "endsWith": "@text.endsWith",
		"toUpperCase": "@text.upperCase", "toLowerCase": "@text.lowerCase", "trim": "@text.trim", "strip": "@text.trim",
		"indexOf": "@text.indexOf", "lastIndexOf": "@text.lastIndexOf", "substring": "@text.substring",
		"replace": "@text.replaceAll", "split": "@text.split", "concat": "@text.append", "repeat": "repeat",
		"toString": "string", "join": "join", "keySet": "keys", "values": "values",
	} {
		out[method] = known[name]
	}
	for _, f := range methodFunctions() {
		out[f.name[1:]] = &f
	}
	return out
}

// methodFunctions are those that only methods name.
func methodFunctions() []function {
	contains := func(st *state, a args) (any, error) { return contains(st, a.any(0), a.any(1)) }
	return []function{
		{
			name: ".contains", params: params{anything("in"), anything("value")}, run: contains,
			summary: "whether a text, list or map contains the value",
			examples: []Example{
				gives(`[1, 2].contains(2)`, `true`), gives(`'abc'.contains('x')`, `false`),
				fails(`(7).contains(7)`, "a number contains nothing"),
			},
		},
		{
			name: ".containsKey", params: params{dict("map"), anything("name")}, run: contains,
			summary:  "whether a map has the name",
			examples: []Example{gives(`{a: null}.containsKey('a')`, `true`), gives(`{:}.containsKey('a')`, `false`)},
		},
		{
			name: ".equals", params: params{anything("value"), anything("other")},
			run:      func(st *state, a args) (any, error) { return equal(st, a.any(0), a.any(1)) },
			summary:  "the same as ==",
			examples: []Example{gives(`'a'.equals('a')`, `true`), gives(`'1'.equals(1)`, `false`)},
		},
		{
			name: ".matches", params: params{text("text"), exact("pattern")},
			run:     func(st *state, a args) (any, error) { return matchWhole(st, a.any(0), a.any(1), nil) },
			summary: "whether the whole text matches a regular expression",
			examples: []Example{
				gives(`'a12'.matches('[a-z][0-9]+')`, `true`), fails(`'a'.matches('(')`, "not a regular expression"),
			},
		},
		{
			name: ".get", params: params{anything("value"), anything("name or index")},
			run:     func(_ *state, a args) (any, error) { return item(a.any(0), a.any(1), nil) },
			summary: "one field of a map or one item of a list",
			examples: []Example{
				gives(`[1, 2].get(1)`, `2`), gives(`{a: 1}.get('b')`, `null`), fails(`[1].get(1)`, "name or index of .get(name or index) lies outside the list of 1 items"),
			},
		},
		{
			name: ".getOrDefault", params: params{dict("map"), anything("name"), anything("other")},
			run: func(_ *state, a args) (any, error) {
				name, err := key(a.any(1))
				if v, has := a.dict(0)[name]; has {
					return v, err
				}
				return a.any(2), err
			},
			summary:  "one field of a map, the other value when the map does not have it",
			examples: []Example{gives(`{a: 1}.getOrDefault('a', 7)`, `1`), gives(`{a: 1}.getOrDefault('b', 7)`, `7`)},
		},
	}
}

// leftOut are functions of the language that pipelines know which have no meaning here, with what to
// write instead.
func leftOut() map[string]string {
	const unchanged = "values never change; "
	return map[string]string{
		"@convert.fromBase64ToBytes": "there are no bytes; @convert.fromBase64 gives the text",
		"@convert.toByteArray":       "there are no bytes; @convert.toBase64 gives a text for any value",
		"@convert.toDOM":             "@xml.xpath reads an XML text as it is",
		"@convert.lazy":              "write @resolve.uri(uri)",
		"@property.lazy":             "write @property.value(key)",
		"@property.updateValue":      "an expression changes nothing; use a command of the pipeline",
		"@function.run":              "use the command of a plugin as a step",
		"@script.groovy":             "write a plugin: pi plugin new",
		"@iam.userByUuid":            "write @user.displayName(uuid), or another function of @user",
		"@iam.userByUsername":        "write @user.displayName(name), or another function of @user",
		"@iam.userByEmail":           "write @user.displayName(mail), or another function of @user",
		"@date.parseToInstant":       "a date is an ISO 8601 text or milliseconds; both are read by every function of @date",
		"@text.lang":                 "a language cannot be guessed",
		"@text.concatAndFormat":      "write @text.concat(separator, map(list, ...)), with @text.format inside map",
		"@instance.edition":          "there is one edition",
		"@instance.storage":          "an expression does not know where things are stored",
		"@instance.tag":              "write @instance.version()",
		"@instance.defaultImageRepo": "there are no images",
		".put":                       unchanged + "write @data.put(map, name, value)",
		".set":                       unchanged + "write @data.set(value, path, new)",
		".add":                       unchanged + "write @list.add(list, item)",
		".addAll":                    unchanged + "write concat(list, list)",
		".remove":                    unchanged + "write @list.remove(list, index), or filter(list, ...)",
		".replaceAll":                "patterns are not replaced; write .replace(text, replacement)",
		".equalsIgnoreCase":          "write a.toLowerCase() == b.toLowerCase()",
		".entrySet":                  "write keys(map), or map.![key + value] over its entries",
		".stream":                    "write filter(list, ...) and map(list, ...)",
		".charAt":                    "write text[index:index + 1]",
		".getClass":                  "write type(value)",
		".hashCode":                  "write @hash.sha256(value)",
	}
}
