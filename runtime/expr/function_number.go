package expr

import "math"

// numberFunctions take numbers.
func numberFunctions() []function {
	return []function{
		{
			name: "abs", params: params{number("number")}, run: rounding(math.Abs),
			summary:  "the size without the sign",
			examples: []Example{gives(`abs(-3)`, `3`), gives(`abs(2.5)`, `2.5`), fails(`abs(null)`, "write (x ?? 0)")},
		},
		{
			name: "ceil", params: params{number("number")}, run: rounding(math.Ceil),
			summary:  "the next whole number above",
			examples: []Example{gives(`ceil(1.2)`, `2`), gives(`ceil(-1.2)`, `-1`)},
		},
		{
			name: "floor", params: params{number("number")}, run: rounding(math.Floor),
			summary:  "the next whole number below",
			examples: []Example{gives(`floor(1.8)`, `1`), gives(`floor(-1.2)`, `-2`)},
		},
		{
			name: "round", params: params{number("number")}, run: rounding(math.Round),
			summary:  "the nearest whole number; a half goes away from 0",
			examples: []Example{gives(`round(1.5)`, `2`), gives(`round(-2.5)`, `-3`), fails(`round('1')`, "is a text, not a number")},
		},
		{
			name: "min", params: params{anything("list or values").all()}, run: extreme(-1),
			summary:  "the smallest of a list or of the arguments, null of none",
			examples: []Example{gives(`min(3, 1, 2)`, `1`), gives(`min([])`, `null`), fails(`min(1, 'a')`, "cannot be compared")},
		},
		{
			name: "max", params: params{anything("list or values").all()}, run: extreme(1),
			summary:  "the largest of a list or of the arguments, null of none",
			examples: []Example{gives(`max([3, 1, 2])`, `3`), gives(`max('a', 'b')`, `"b"`), gives(`max([])`, `null`)},
		},
	}
}

func rounding(f func(float64) float64) func(*state, args) (any, error) {
	return func(_ *state, a args) (any, error) {
		if i, ok := a.any(0).(int); ok && (f(-1) == -1 || i > math.MinInt) {
			if i < 0 && f(-1) == 1 {
				return -i, nil
			}
			return i, nil
		}
		x := f(a.number(0))
		if i, ok := wholeOf(x); ok {
			return i, nil
		}
		return finite(x)
	}
}

func extreme(sign int) func(*state, args) (any, error) {
	return func(st *state, a args) (any, error) {
		var best any
		for i, v := range a.spread(0) {
			if err := st.step(1); err != nil {
				return nil, err
			}
			if i == 0 {
				best = v
				continue
			}
			n, err := compare(st, v, best)
			if err != nil {
				return nil, err
			}
			if n*sign > 0 {
				best = v
			}
		}
		return best, nil
	}
}
