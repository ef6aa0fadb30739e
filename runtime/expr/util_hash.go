package expr

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
)

func hashFunctions() []function {
	// Lower case hex, as in the listings that other systems print.
	hashes := []struct {
		name string
		sum  func(string) string
		want string
	}{
		{
			"md5", func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) },
			"900150983cd24fb0d6963f7d28e17f72",
		},
		{
			"sha256", func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) },
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		},
		{
			"sha512", func(s string) string { h := sha512.Sum512([]byte(s)); return hex.EncodeToString(h[:]) },
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		},
	}
	var out []function
	for _, h := range hashes {
		hash := func(st *state, s string) (any, error) {
			if err := st.grow(len(s) + 192); err != nil {
				return nil, err
			}
			return h.sum(s), st.scan(8 * len(s)) // hashing is dearer than copying
		}
		out = append(out,
			function{
				name: "@hash." + h.name, params: "value", least: 1, most: 1,
				run: func(st *state, a []any) (any, error) {
					s, err := textArg(st, a, 0)
					if err != nil {
						return nil, err
					}
					return hash(st, s)
				},
				summary: "the " + h.name + " of the text of the value, in hex", example: `@hash.` + h.name + `('abc')`, want: `"` + h.want + `"`,
			},
			function{
				name: "@hash." + h.name + "Concat", params: "separator, values", least: 1, most: -1,
				run: func(st *state, a []any) (any, error) {
					separator, err := textArg(st, a, 0)
					if err != nil {
						return nil, err
					}
					s, err := st.join(items(a[1:]), separator, true)
					if err != nil {
						return nil, err
					}
					return hash(st, s)
				},
				summary: "the " + h.name + " of the values with the separator between them", example: `@hash.` + h.name + `Concat('b', 'a', 'c')`, want: `"` + h.want + `"`,
			},
		)
	}
	return out
}

// items gives the arguments, or the items of the one list among them.
func items(args []any) []any {
	if len(args) == 1 {
		if list, ok := args[0].([]any); ok {
			return list
		}
	}
	return args
}
