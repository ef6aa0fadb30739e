package expr

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// number gives v as a float64, and whether it is a number.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// arithmetic does + - * / % ** on two numbers. Whole numbers stay whole as long as that is exact; a
// result that is too large, or not a number, is an error.
func arithmetic(op string, a, b any) (any, error) {
	x, okA := numberOf(a)
	y, okB := numberOf(b)
	if !okA || !okB {
		bad := a
		if okA {
			bad = b
		}
		err := fault.New(fault.ExprEval, "%s needs numbers, found a %s", op, typeName(bad))
		switch bad.(type) {
		case nil:
			return nil, err.WithHint("write (x ?? 0) if it may be missing")
		case string:
			return nil, err.WithHint("convert it with @convert.toDecimal(...)")
		}
		return nil, err
	}
	i, wholeA := a.(int)
	j, wholeB := b.(int)
	if (op == "/" || op == "%") && y == 0 {
		return nil, fault.New(fault.ExprEval, "division by zero")
	}
	if wholeA && wholeB {
		if v, done, err := wholeArithmetic(op, i, j); done || err != nil {
			return v, err
		}
	}
	var f float64
	switch op {
	case "+":
		f = x + y
	case "-":
		f = x - y
	case "*":
		f = x * y
	case "/":
		f = x / y
	case "%":
		f = math.Mod(x, y)
	case "**":
		f = math.Pow(x, y)
	}
	return finite(f)
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, tooLarge()
	}
	return f, nil
}

func tooLarge() error {
	return fault.New(fault.ExprEval, "the result of the calculation is not a number in range")
}

// wholeArithmetic does what stays whole; done is false when the result has a fraction.
func wholeArithmetic(op string, i, j int) (v any, done bool, err error) {
	switch op {
	case "+":
		if s := i + j; (s > i) == (j > 0) {
			return s, true, nil
		}
	case "-":
		if d := i - j; (d < i) == (j > 0) {
			return d, true, nil
		}
	case "*":
		if i == 0 || j == 0 {
			return 0, true, nil
		}
		if p := i * j; p/j == i && (i != -1 || j != math.MinInt) && (j != -1 || i != math.MinInt) {
			return p, true, nil
		}
	case "/":
		if i%j != 0 {
			return nil, false, nil
		}
		if i != math.MinInt || j != -1 {
			return i / j, true, nil
		}
	case "%":
		return i % j, true, nil
	case "**":
		const exact = 1 << 53
		f := math.Pow(float64(i), float64(j))
		if j >= 0 && math.Abs(f) < exact {
			return int(f), true, nil
		}
		return nil, false, nil
	}
	return nil, false, tooLarge()
}

// compare orders two numbers or two texts.
func compare(st *state, a, b any) (int, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), nil
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), st.scan(min(len(x), len(y)))
		}
	}
	x, okA := numberOf(a)
	y, okB := numberOf(b)
	if okA && okB {
		if big, ok := compareBig(a, b); ok {
			return big, st.step(4)
		}
		return cmp.Compare(x, y), nil
	}
	err := fault.New(fault.ExprEval, "a %s and a %s cannot be compared by size", typeName(a), typeName(b))
	if a == nil || b == nil {
		return 0, err.WithHint("write (x ?? 0) if it may be missing")
	}
	return 0, err
}

// compareBig orders whole numbers of which one is beyond 64 bits.
func compareBig(a, b any) (int, bool) {
	x, okA := bigWhole(a)
	y, okB := bigWhole(b)
	if !okA || !okB {
		return 0, false
	}
	return x.Cmp(y), true
}

func bigWhole(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int:
		return big.NewInt(int64(v)), true
	case json.Number:
		return new(big.Int).SetString(string(v), 10)
	}
	return nil, false
}

// equal compares by value: 1 equals 1.0, lists and maps are compared item by item. Values of two types differ.
func equal(st *state, a, b any) (bool, error) {
	if err := st.step(1); err != nil {
		return false, err
	}
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y, nil
	case string:
		y, ok := b.(string)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		return x == y, st.scan(len(x))
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for i := range x {
			if same, err := equal(st, x[i], y[i]); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for name, v := range x {
			w, has := y[name]
			if !has {
				return false, nil
			}
			if same, err := equal(st, v, w); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	if _, ok := numberOf(a); !ok {
		return false, nil
	}
	if _, ok := numberOf(b); !ok {
		return false, nil
	}
	n, err := compare(st, a, b)
	return n == 0, err
}
