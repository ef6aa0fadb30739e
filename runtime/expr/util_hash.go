package expr

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
)

func hashUtil() []function {
	// Lower case hex, as in the listings that other systems print.
	hashes := []struct {
		name       string
		sum        func(string) string
		abc, empty string
	}{
		{
			"md5", func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) },
			"900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e",
		},
		{
			"sha256", func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) },
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		},
		{
			"sha512", func(s string) string { h := sha512.Sum512([]byte(s)); return hex.EncodeToString(h[:]) },
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
			"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
		},
	}
	var out []function
	for _, h := range hashes {
		hash := func(st *state, s string) (any, error) {
			if err := st.grow(len(s) + 192); err != nil {
				return nil, err
			}
			if err := st.scan(8 * len(s)); err != nil { // hashing is dearer than copying
				return nil, err
			}
			return h.sum(s), nil
		}
		name := "@hash." + h.name
		out = append(out,
			function{
				name: name, params: params{readable("value")},
				run:      func(st *state, a args) (any, error) { return hash(st, a.text(0)) },
				summary:  "the " + h.name + " of the text of the value, in hex",
				examples: []Example{gives(name+`('abc')`, `"`+h.abc+`"`), gives(name+`(null)`, `"`+h.empty+`"`)},
			},
			function{
				name: name + "Concat", params: params{text("separator"), anything("values").all().opt()},
				run: func(st *state, a args) (any, error) {
					s, err := st.join(a.spread(1), a.text(0), true)
					if err != nil {
						return nil, err
					}
					return hash(st, s)
				},
				summary: "the " + h.name + " of the values with the separator between them; null is left out",
				examples: []Example{
					gives(name+`Concat('b', 'a', 'c')`, `"`+h.abc+`"`), gives(name+`Concat('-', null)`, `"`+h.empty+`"`),
				},
			},
		)
	}
	return out
}
