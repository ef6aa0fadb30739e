package expr

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// decimal is digits / 10^scale: a number as its author wrote it, without the errors of binary fractions.
type decimal struct {
	digits *big.Int
	scale  int
}

const maxDecimal = 400 // digits before and behind the point: a float64 has fewer

// decimalOf gives v as its shortest decimal.
func decimalOf(v any) (decimal, bool) {
	switch v := v.(type) {
	case int:
		return decimal{digits: big.NewInt(int64(v))}, true
	case float64:
		return parseDecimal(strconv.FormatFloat(v, 'e', -1, 64))
	case json.Number:
		return parseDecimal(string(v))
	}
	return decimal{}, false
}

func parseDecimal(s string) (decimal, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	before, behind, _ := strings.Cut(mantissa, ".")
	scale := len(behind)
	if exponent != "" {
		e, err := strconv.Atoi(exponent)
		if err != nil {
			return decimal{}, false
		}
		scale -= e
	}
	if scale > maxDecimal || scale < -maxDecimal || len(before)+len(behind) > 2*maxDecimal {
		return decimal{}, false
	}
	digits, ok := new(big.Int).SetString(before+behind, 10)
	if !ok {
		return decimal{}, false
	}
	return decimal{digits: digits, scale: scale}.at(max(scale, 0)), true
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// at gives the same number with a scale that is not smaller.
func (d decimal) at(scale int) decimal {
	if scale == d.scale {
		return d
	}
	return decimal{digits: new(big.Int).Mul(d.digits, power(scale-d.scale)), scale: scale}
}

// weight is about how many bytes calculating with d takes.
func (d decimal) weight() int { return 64 + d.digits.BitLen()/4 + max(d.scale, 0)/2 }

func (d decimal) plus(other decimal) decimal {
	scale := max(d.scale, other.scale)
	return decimal{digits: new(big.Int).Add(d.at(scale).digits, other.at(scale).digits), scale: scale}
}

// over divides by n.
func (d decimal) over(n int) (any, error) {
	r := new(big.Rat).SetFrac(d.digits, new(big.Int).Mul(power(d.scale), big.NewInt(int64(n))))
	if r.IsInt() {
		return decimal{digits: r.Num()}.value()
	}
	f, _ := r.Float64()
	return finite(f)
}

// value gives a whole number when d is one.
func (d decimal) value() (any, error) {
	quotient, rest := new(big.Int).QuoRem(d.digits, power(max(d.scale, 0)), new(big.Int))
	if rest.Sign() == 0 {
		if quotient.IsInt64() {
			return int(quotient.Int64()), nil
		}
		const exact = 40 // digits; a longer number comes from a float64, which was not that exact
		if s := quotient.String(); len(s) <= exact {
			return json.Number(s), nil
		}
	}
	f, _ := new(big.Rat).SetFrac(d.digits, power(d.scale)).Float64()
	return finite(f)
}

// round gives d with scale digits behind the point.
func (d decimal) round(scale int, mode string) decimal {
	if scale >= d.scale {
		return d
	}
	unit := power(d.scale - scale)
	quotient, rest := new(big.Int).QuoRem(d.digits, unit, new(big.Int)) // towards 0
	if rest.Sign() != 0 && d.away(quotient, rest, unit, mode) {
		quotient.Add(quotient, big.NewInt(int64(d.digits.Sign())))
	}
	return decimal{digits: quotient, scale: scale}.at(max(scale, 0))
}

// away says whether a quotient with that rest is rounded away from 0.
func (d decimal) away(quotient, rest, unit *big.Int, mode string) bool {
	half := new(big.Int).Abs(rest)
	side := half.Lsh(half, 1).Cmp(unit) // of the middle: -1 below, 0 on it, 1 above
	switch mode {
	case "UP":
		return true
	case "DOWN":
		return false
	case "CEILING":
		return d.digits.Sign() > 0
	case "FLOOR":
		return d.digits.Sign() < 0
	case "HALF_DOWN":
		return side > 0
	case "HALF_EVEN":
		return side > 0 || side == 0 && quotient.Bit(0) == 1
	}
	return side >= 0
}
