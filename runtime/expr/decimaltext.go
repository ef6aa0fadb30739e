package expr

import (
	"math"
	"strconv"
	"strings"
)

// decimalSymbols gives the decimal and the grouping symbol that argument i names.
func decimalSymbols(a args, i int) (decimal, group string, err error) {
	s := a.text(i)
	language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(s, "_", "-")), "-")
	switch {
	case s == "," || isOneOf(language, "de", "es", "it", "nl", "pt", "da", "id", "tr", "el"):
		return ",", ".", nil
	case isOneOf(language, "fr", "pl", "cs", "sv", "nb", "no", "fi", "ru", "uk", "sk", "hu", "bg"):
		return ",", "\u00a0", nil
	case s == "." || isOneOf(language, "en", "zh", "ja", "ko", "th", "he"):
		return ".", ",", nil
	}
	return "", "", refuse(i, "is neither '.', ',' nor a known language")
}

// numberPattern gives the pattern that is argument i.
func numberPattern(a args, i int) (string, error) {
	const longest = 100
	pattern := a.text(i)
	if len(pattern) > longest || strings.Trim(pattern, "#0,.") != "" || strings.Count(pattern, ".") > 1 {
		return "", refuse(i, "is not made of # 0 , and .")
	}
	return pattern, nil
}

func toDecimal(st *state, a args) (any, error) {
	s, ok := a.any(0).(string)
	if !ok {
		return toNumber(a.any(0))
	}
	decimal, group, grouped := ".", ",", true
	if last := len(a) - 1; last > 0 {
		var err error
		if decimal, group, err = decimalSymbols(a, last); err != nil {
			return nil, err
		}
		if last == 2 {
			pattern, err := numberPattern(a, 1)
			if err != nil {
				return nil, err
			}
			grouped = strings.Contains(pattern, ",")
		}
	}
	if err := st.grow(2*len(s) + 512); err != nil {
		return nil, err
	}
	if !grouped && strings.Contains(s, group) {
		return nil, refuse(0, "is not a number")
	}
	s = strings.NewReplacer(group, "", " ", "", "\u00a0", "", decimal, ".").Replace(strings.TrimSpace(s))
	return parseNumber(s)
}

func toDecimalString(st *state, a args) (any, error) {
	pattern, last := "#,##0.###", len(a)-1
	if last == 2 {
		var err error
		if pattern, err = numberPattern(a, 1); err != nil {
			return nil, err
		}
	}
	decimal, group, err := decimalSymbols(a, last)
	if err != nil {
		return nil, err
	}
	v, err := toNumber(a.any(0))
	if err != nil {
		return nil, err
	}
	f, _ := numberOf(v)
	if err := st.grow(1024); err != nil {
		return nil, err
	}
	return formatDecimal(f, pattern, decimal, group), nil
}

func formatDecimal(f float64, pattern, decimal, group string) string {
	wholePart, fraction, _ := strings.Cut(pattern, ".")
	digits := strconv.FormatFloat(math.Abs(f), 'f', len(fraction), 64)
	integer, rest, _ := strings.Cut(digits, ".")
	for len(rest) > strings.Count(fraction, "0") && strings.HasSuffix(rest, "0") {
		rest = rest[:len(rest)-1]
	}
	integer = strings.TrimLeft(integer, "0")
	if least := strings.Count(wholePart, "0"); len(integer) < least {
		integer = strings.Repeat("0", least-len(integer)) + integer
	}
	if comma := strings.LastIndexByte(wholePart, ','); comma >= 0 && comma < len(wholePart)-1 {
		size := len(wholePart) - 1 - comma
		for at := len(integer) - size; at > 0; at -= size {
			integer = integer[:at] + group + integer[at:]
		}
	}
	if rest != "" {
		rest = decimal + rest
	}
	if f < 0 && strings.ContainsAny(integer+rest, "123456789") {
		integer = "-" + integer
	}
	return integer + rest
}
