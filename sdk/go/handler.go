package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Handler is the code of a command. Make it with [Typed] or [Raw].
type Handler struct {
	run       func(*Call) ([]byte, error) // nil bytes leave the body as it is
	params    func() ([]Param, error)     // nil: they are given by hand
	hasResult func(said bool) error       // whether the described result fits; nil: unknown
}

// None is the result of a command that leaves the body as it is.
type None struct{}

// Typed makes a Handler whose parameters are read into a P and whose R becomes the body as JSON; an R of [None]
// leaves the body as it is. P is a struct. Each field is a parameter, named by its json tag, summed up by
// its doc tag and described by its plugin tag: words joined by commas out of required, literal, secret,
// alias=NAME (repeatable), enum=A|B and default=VALUE. The names of other types that a parameter takes
// come from [ParamTyper].
func Typed[P, R any](run func(*Call, P) (R, error)) Handler {
	_, none := any(*new(R)).(None)
	return Handler{
		params: func() ([]Param, error) { return derive(reflect.TypeFor[P]()) },
		hasResult: func(said bool) error {
			switch {
			case none && said:
				return errors.New("describes a result, but its handler returns None")
			case !none && !said:
				return errors.New("does not describe its result")
			}
			return nil
		},
		run: func(call *Call) ([]byte, error) {
			var params P
			if len(call.Params) > 0 {
				if err := json.Unmarshal(call.Params, &params); err != nil {
					return nil, inputError("parameter", err)
				}
			}
			result, err := run(call, params)
			if err != nil || none {
				return nil, err
			}
			out, err := json.Marshal(result)
			if err != nil {
				return nil, fmt.Errorf("encoding the result: %w", err)
			}
			return out, nil
		},
	}
}

// Raw makes a Handler that gets its parameters as the JSON text of an object and returns the new body as
// JSON text, nil to leave it as it is. It is the fast way: a guest spends most of a call on decoding.
func Raw(run func(call *Call, params json.RawMessage) (json.RawMessage, error)) Handler {
	return Handler{run: func(call *Call) ([]byte, error) { return run(call, call.Params) }}
}

// inputError turns a decoder's error into one that quotes no value and names no Go type.
func inputError(what string, err error) *Error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return Invalidf(CodeInput, "a %s cannot be read", what)
	}
	got, _, _ := strings.Cut(wrong.Value, " ")
	if wrong.Field == "" {
		return Invalidf(CodeInput, "a %s has the wrong type: %s", what, got)
	}
	return Invalidf(CodeInput, "%s %q has the wrong type: %s", what, wrong.Field, got)
}
