package value

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the JSON text of v to dst; object names are sorted, so equal values give equal
// texts. Beyond the model it takes []byte (as a string of base64 would lose its meaning, bytes that are
// text are written as text), []string, map[string]string and the other Go numbers. A non-finite number,
// a value nested deeper than [MaxDepth] or a foreign type is an error that names the type in the model's words.
func AppendJSON(dst []byte, v any) ([]byte, error) { return appendJSON(dst, v, 0) }

func appendJSON(dst []byte, v any, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return dst, ErrDepth
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return AppendString(dst, v), nil
	case []byte:
		return AppendString(dst, string(v)), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, ErrNumber
		}
		return appendFloat(dst, v), nil
	case json.Number:
		if _, err := Number(string(v)); err != nil {
			return dst, err
		}
		return append(dst, v...), nil
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendJSON(dst, item, depth+1); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		return appendObject(dst, v, depth)
	default:
		n, err := Normalize(v)
		if err != nil {
			return dst, err
		}
		return appendJSON(dst, n, depth)
	}
}

func appendObject(dst []byte, m map[string]any, depth int) ([]byte, error) {
	var few [16]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, name), ':')
		var err error
		if dst, err = appendJSON(dst, m[name], depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendFloat(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= exactWhole) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil { // only for invalid UTF-8, where out already holds the replacement
		return out
	}
	return out
}

// AppendText appends text as a JSON string, as [AppendString] does.
func AppendText(dst, text []byte) []byte {
	out, err := jsontext.AppendQuote(dst, text)
	if err != nil { // only for invalid UTF-8, where out already holds the replacement
		return out
	}
	return out
}

// Normalize turns Go values that callers tend to have (other numbers, []string, typed maps and lists)
// into the model. A value of the model is returned as it is.
func Normalize(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int, json.Number, []any, map[string]any:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, ErrNumber
		}
		return v, nil
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return int(r.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if r.Uint() > math.MaxInt64 {
			return json.Number(strconv.FormatUint(r.Uint(), 10)), nil
		}
		return int(r.Uint()), nil
	case reflect.Float32:
		return Normalize(r.Float())
	case reflect.String:
		return r.String(), nil
	case reflect.Bool:
		return r.Bool(), nil
	case reflect.Slice, reflect.Array:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return string(r.Bytes()), nil
		}
		list := make([]any, r.Len())
		for i := range list {
			n, err := Normalize(r.Index(i).Interface())
			if err != nil {
				return nil, err
			}
			list[i] = n
		}
		return list, nil
	case reflect.Map:
		if r.Type().Key().Kind() != reflect.String {
			return nil, fmt.Errorf("a map needs text as its keys")
		}
		m := make(map[string]any, r.Len())
		for it := r.MapRange(); it.Next(); {
			n, err := Normalize(it.Value().Interface())
			if err != nil {
				return nil, err
			}
			m[it.Key().String()] = n
		}
		return m, nil
	}
	return nil, fmt.Errorf("a value is neither null, boolean, number, text, list nor map")
}

// TypeName names the type of v for people: null, boolean, number, text, list or map.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case int, int64, float64, json.Number:
		return "number"
	case string, []byte:
		return "text"
	case []any:
		return "list"
	case map[string]any:
		return "map"
	default:
		return "unknown"
	}
}
