package configs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/trigger"
)

// leaf is a value as a layer gave it, before its type is known.
type leaf struct {
	Text   string // of a scalar
	Plain  any    // the scalar or list as YAML sees it
	Items  []string
	IsList bool
}

// Messages never quote the value: it may be a secret that stands in the wrong place.
var (
	errList   = errors.New("has to be a single value, not a list")
	errNoList = errors.New("has to be a list")
)

// problem is a value that does not fit; code tells a wrong type from a wrong value.
type problem struct {
	code fault.Code
	text string
	hint string
}

func wrongType(format string, args ...any) *problem {
	return &problem{code: fault.ConfigType, text: fmt.Sprintf(format, args...)}
}

func wrongValue(format string, args ...any) *problem {
	return &problem{code: fault.ConfigValue, text: fmt.Sprintf(format, args...)}
}

// convert turns a leaf into a value of type t that keeps the rules.
func convert(l leaf, t reflect.Type, r rules) (reflect.Value, *problem) {
	v := reflect.New(t).Elem()
	switch shapeOf(t) {
	case anyShape:
		if l.Plain != nil {
			v.Set(reflect.ValueOf(l.Plain))
		}
		return v, nil
	case listShape:
		if !l.IsList {
			return v, wrongType("%v", errNoList)
		}
		for _, item := range l.Items {
			one, p := convert(leaf{Text: item, Plain: item}, t.Elem(), rules{})
			if p != nil {
				return v, p
			}
			if p := checkForm(item, r.form); p != nil {
				return v, p
			}
			v = reflect.Append(v, one)
		}
		return v, nil
	}
	if l.IsList {
		return v, wrongType("%v", errList)
	}
	if p := setScalar(v, l.Text, r); p != nil {
		return v, p
	}
	return v, checkScalar(v, l.Text, r)
}

func setScalar(v reflect.Value, text string, r rules) *problem {
	switch v.Interface().(type) {
	case secret.Value:
		v.Set(reflect.ValueOf(secret.New(text)))
		return nil
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return wrongType("has to be a duration such as 500ms, 5s, 10m or 2h")
		}
		v.SetInt(int64(d))
		return nil
	case Size:
		s, err := ParseSize(text)
		if err != nil {
			return wrongType("has to be a size: a whole number of bytes, or with KiB, MiB or GiB")
		}
		v.SetInt(int64(s))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return wrongType("has to be true or false")
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			if errors.Is(err, strconv.ErrRange) && r.max != "" {
				return wrongValue("has to be %s to %s", r.min, r.max)
			}
			return wrongType("has to be a whole number")
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return wrongType("has to be a whole number, not below 0")
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return wrongType("has to be a number")
		}
		v.SetFloat(f)
	default:
		return wrongType("cannot be set")
	}
	return nil
}

func checkScalar(v reflect.Value, text string, r rules) *problem {
	if len(r.values) > 0 && !slices.Contains(r.values, text) {
		p := wrongValue("has to be %s", oneOf(r.values))
		if len(r.values) > 1 {
			p.hint = fault.DidYouMean(text, r.values)
		}
		return p
	}
	low, high := limit(v.Type(), r.min), limit(v.Type(), r.max)
	if low.IsValid() && v.Int() < low.Int() || high.IsValid() && v.Int() > high.Int() {
		switch {
		case !high.IsValid():
			return wrongValue("has to be %s or more", r.min)
		case !low.IsValid():
			return wrongValue("has to be %s or less", r.max)
		default:
			return wrongValue("has to be %s to %s", r.min, r.max)
		}
	}
	return checkForm(text, r.form)
}

// limit reads a min or max tag in the type's own spelling; the zero Value is "none".
func limit(t reflect.Type, text string) reflect.Value {
	if text == "" {
		return reflect.Value{}
	}
	v := reflect.New(t).Elem()
	if p := setScalar(v, text, rules{}); p != nil {
		return reflect.Value{}
	}
	return v
}

func checkForm(text, form string) *problem {
	switch form {
	case "required", "path":
		if text == "" {
			return wrongValue("must not be empty")
		}
	case "address":
		_, port, err := net.SplitHostPort(text)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return wrongValue("has to be host:port, such as 127.0.0.1:8080")
		}
	case "url":
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return wrongValue("has to be an http or https URL, or empty")
		}
	case "zone":
		if _, err := trigger.ParseZone(text); err != nil {
			return wrongValue("has to be a time zone, such as Europe/Berlin or UTC")
		}
	case "networks":
		if _, err := netip.ParsePrefix(text); err != nil {
			if _, err := netip.ParseAddr(text); err != nil {
				return wrongValue("has to hold addresses and networks, such as 10.0.0.0/8")
			}
		}
	}
	return nil
}

func oneOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}
