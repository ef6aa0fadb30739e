package expr

import (
	"crypto/rand"
	"encoding/hex"
)

// textMaking put texts together.
func textMaking() []function {
	return []function{
		{
			name: "@text.append", params: params{readable("text"), readable("texts").all().opt()},
			run:      func(st *state, a args) (any, error) { return st.join(a, "", true) },
			summary:  "the texts one after another",
			examples: []Example{gives(`@text.append('a', 'b')`, `"ab"`), gives(`@text.append('a', null, 1)`, `"a1"`)},
		},
		{
			name: "@text.concat", params: params{text("separator"), anything("list or values").all().opt()},
			run:     func(st *state, a args) (any, error) { return st.join(a.spread(1), a.text(0), true) },
			summary: "the values with the separator between them; null is left out",
			examples: []Example{
				gives(`@text.concat('-', 'a', null, 1)`, `"a-1"`), gives(`@text.concat(', ', ['a', 'b'])`, `"a, b"`), gives(`@text.concat('-', [])`, `""`),
			},
		},
		{
			name: "@text.commajoin", params: params{anything("list or values").all()},
			run:      func(st *state, a args) (any, error) { return st.join(a.spread(0), ",", true) },
			summary:  "the items with commas between them; null is left out",
			examples: []Example{gives(`@text.commajoin(['a', 'b'])`, `"a,b"`), gives(`@text.commajoin(null)`, `""`)},
		},
		{
			name: "@text.format", params: params{text("pattern"), anything("values").all().opt()}, run: format,
			summary: "the pattern with %s, %d, %x, %f (with width and precision), %n and %% filled in",
			examples: []Example{
				gives(`@text.format('%s: %05d, %.2f', 'a', 42, 1.5)`, `"a: 00042, 1.50"`), gives(`@text.format('100%%')`, `"100%"`),
				fails(`@text.format('%d', 'a')`, "values of @text.format(pattern, [values...]) is a text, not a whole number"),
				fails(`@text.format('%s %s', 'a')`, "asks for more values than were given"),
			},
		},
		{
			name: "@text.leftPad", params: params{text("text"), whole("size"), text("pad").opt()}, run: pad(true),
			summary: "the text filled up on the left, with spaces unless given",
			examples: []Example{
				gives(`@text.leftPad(7, 3, '0')`, `"007"`), gives(`@text.leftPad('abc', 2)`, `"abc"`),
				fails(`@text.leftPad('a', 'x')`, "size of @text.leftPad(text, size, [pad]) is a text, not a whole number"),
			},
		},
		{
			name: "@text.rightPad", params: params{text("text"), whole("size"), text("pad").opt()}, run: pad(false),
			summary: "the text filled up on the right, with spaces unless given",
			examples: []Example{
				gives(`@text.rightPad('7', 3, '.')`, `"7.."`), gives(`@text.rightPad('a', 4, 'xy')`, `"axyx"`), gives(`@text.rightPad('a', 3, '')`, `"a"`),
			},
		},
		{
			name: "@text.uuid", changing: true, run: uuid,
			summary:  "a new random UUID",
			examples: []Example{gives(`@text.uuid().length()`, `36`), gives(`@text.uuid() == @text.uuid()`, `false`)},
		},
		{
			name: "@text.random", params: params{whole("size")}, changing: true, run: random,
			summary: "random letters and digits, fit for secrets",
			examples: []Example{
				gives(`@text.random(8).length()`, `8`), gives(`@text.random(0)`, `""`),
				fails(`@text.random(5000)`, "limit of 4096 characters of a random text"),
			},
		},
	}
}

func pad(left bool) func(*state, args) (any, error) {
	return func(st *state, a args) (any, error) {
		s, with := a.text(0), " "
		if a.given(2) {
			with = a.text(2)
		}
		width := runeCount(with)
		missing := a.whole(1) - runeCount(s)
		if missing <= 0 || width == 0 {
			return s, st.scan(len(s))
		}
		fill, err := st.repeat(with, missing/width+1)
		if err != nil {
			return nil, err
		}
		fill = runeSlice(fill, 0, missing)
		if err := st.grow(len(s) + len(fill)); err != nil {
			return nil, err
		}
		if left {
			return fill + s, nil
		}
		return s + fill, nil
	}
}

func uuid(st *state, _ args) (any, error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], st.grow(128)
}

func random(st *state, a args) (any, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const most = 4096
	n := a.whole(0)
	if n < 0 || n > most {
		return nil, limit("characters of a random text", most)
	}
	if err := st.grow(4*n + 64); err != nil {
		return nil, err
	}
	out := make([]byte, 0, n)
	pool := make([]byte, n+16)
	for len(out) < n {
		_, _ = rand.Read(pool) // never fails
		for _, b := range pool {
			if int(b) < 256-256%len(letters) && len(out) < n { // every letter equally likely
				out = append(out, letters[int(b)%len(letters)])
			}
		}
	}
	return string(out), nil
}
