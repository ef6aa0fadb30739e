package expr

import "math/big"

// The rounding modes of the reference, which are Java's.
func roundingModes() []string {
	return []string{"UP", "DOWN", "CEILING", "FLOOR", "HALF_UP", "HALF_DOWN", "HALF_EVEN"}
}

// calcUtil calculates in decimals: 0.1 + 0.2 is 0.3.
func calcUtil() []function {
	rounding := func(mode string) func(*state, args) (any, error) {
		return func(st *state, a args) (any, error) {
			used := mode
			if a.given(2) {
				used = a.text(2)
			}
			return roundDecimal(st, a.any(0), a.whole(1), used)
		}
	}
	return []function{
		{
			name: "@calc.sum", params: params{list("list")},
			run: func(st *state, a args) (any, error) {
				total, err := sumDecimals(st, a.list(0))
				if err != nil {
					return nil, err
				}
				return total.value()
			},
			summary: "the sum of a list of numbers, calculated in decimals; null counts as nothing",
			examples: []Example{
				gives(`@calc.sum([0.1, 0.2])`, `0.3`), gives(`@calc.sum([])`, `0`),
				fails(`@calc.sum([1, 'a'])`, "list of @calc.sum(list) holds a text, not only numbers"),
			},
		},
		{
			name: "@calc.avg", params: params{list("list")}, run: average,
			summary:  "the mean of a list of numbers, null of an empty list; null items do not count",
			examples: []Example{gives(`@calc.avg([0.1, 0.2, null])`, `0.15`), gives(`@calc.avg([])`, `null`)},
		},
		{
			name: "@calc.round", params: params{number("value"), whole("scale").opt(), oneOf("mode", roundingModes()...).opt()},
			run:     rounding("HALF_UP"),
			summary: "the number with so many digits behind the point, none unless given; a negative scale rounds to tens",
			examples: []Example{
				gives(`@calc.round(2.345, 2)`, `2.35`), gives(`@calc.round(-2.5, 0, 'HALF_EVEN')`, `-2`), gives(`@calc.round(1234, -2)`, `1200`),
				fails(`@calc.round(1.5, 0, 'HALFUP')`, `mode of @calc.round(value, [scale], [mode]) is none of UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN; did you mean "HALF_UP"?`),
			},
		},
		{
			name: "@calc.roundUp", params: params{number("value"), whole("scale").opt()}, run: rounding("UP"),
			summary:  "the number with so many digits behind the point, rounded away from 0",
			examples: []Example{gives(`@calc.roundUp(1.21, 1)`, `1.3`), gives(`@calc.roundUp(-1.21, 1)`, `-1.3`)},
		},
		{
			name: "@calc.roundDown", params: params{number("value"), whole("scale").opt()}, run: rounding("DOWN"),
			summary:  "the number with so many digits behind the point, rounded towards 0",
			examples: []Example{gives(`@calc.roundDown(1.29, 1)`, `1.2`), gives(`@calc.roundDown(-1.29)`, `-1`)},
		},
	}
}

func sumDecimals(st *state, items []any) (decimal, error) {
	total := decimal{digits: new(big.Int)}
	for _, v := range items {
		if v == nil {
			continue
		}
		d, ok := decimalOf(v)
		if !ok {
			return decimal{}, refuse(0, "holds a "+typeName(v)+", not only numbers")
		}
		if err := st.step(4); err != nil {
			return decimal{}, err
		}
		if err := st.grow(d.weight() + total.weight()); err != nil {
			return decimal{}, err
		}
		total = total.plus(d)
	}
	return total, nil
}

func average(st *state, a args) (any, error) {
	total, err := sumDecimals(st, a.list(0))
	if err != nil {
		return nil, err
	}
	n := 0
	for _, v := range a.list(0) {
		if v != nil {
			n++
		}
	}
	if n == 0 {
		return nil, nil
	}
	return total.over(n)
}

func roundDecimal(st *state, v any, scale int, mode string) (any, error) {
	d, ok := decimalOf(v)
	if !ok {
		return nil, refuse(0, "is out of range")
	}
	const most = 400
	if scale < -most || scale > most {
		return nil, refuse(1, "lies outside -400 to 400")
	}
	if err := st.grow(2*d.weight() + most); err != nil {
		return nil, err
	}
	return d.round(scale, mode).value()
}
