package command

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// CommonParams describes what every step takes, whatever its command. No command may declare one of
// these names itself.
func CommonParams() []Param {
	return []Param{
		{Name: "id", Type: TypeText, Literal: true, Summary: "Name of the step, unique within the pipeline."},
		{Name: "if", Type: TypeAny, Summary: "The step is skipped when this is false, a negative number, null or an empty text."},
		{Name: "eval", Type: TypeAny, Summary: "Expression that is evaluated after the command, for its checks."},
		{Name: "onError", Type: TypeAny, Literal: true, Summary: "THROW (default), IGNORE, LOG or RETRY; or a map: {action: RETRY, times, wait, then}, {action: ROLLBACK, pipeline}."},
		{Name: "input", Type: TypeAny, Summary: "What the command takes as its body; default is the body."},
		{Name: "output", Type: TypeText, Literal: true, Summary: "Where the result goes, such as vars.x; default is the body."},
		{Name: "timeout", Type: TypeDuration, Literal: true, Summary: "How long one try may take."},
		{Name: "retry", Type: TypeAny, Literal: true, Summary: "How often the step is repeated after a retryable failure: a number, or a map of attempts (or times), wait, backoff, maxWait, jitter, on (names of failures) and from (step or start)."},
	}
}

// Missing is the fault for a required parameter that was not given.
func (p *Param) Missing() *fault.Error {
	return fault.New(fault.CommandMissing, "parameter %q is missing", p.Name)
}

// Unknown is the fault for a parameter that the command does not have; it names the nearest one.
func (s *Spec) Unknown(name string) *fault.Error {
	known := make([]string, 0, len(s.Params))
	for i := range s.Params {
		known = append(append(known, s.Params[i].Name), s.Params[i].Aliases...)
	}
	err := fault.New(fault.CommandParam, "%s has no parameter %q", s.Name, name)
	if hint := fault.DidYouMean(name, known); hint != "" {
		return err.WithHint("%s", hint)
	}
	if len(known) == 0 {
		return err.WithHint("it takes none of its own")
	}
	return err.WithHint("it takes %s", strings.Join(known, ", "))
}

// Check gives v in the form in which a command receives it: a number or boolean for a text and the other
// way round where the text is one, a list for a text with commas, milliseconds for a duration, the
// spelling of Enum. The error has fault.CommandType and never shows v. A nil v is not checked.
func (p *Param) Check(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	out, ok := p.convert(v)
	if !ok {
		return nil, p.wrong(v)
	}
	if text, isText := out.(string); isText && len(p.Enum) > 0 {
		i := slices.IndexFunc(p.Enum, func(e string) bool { return strings.EqualFold(e, text) })
		if i < 0 {
			err := fault.New(fault.CommandType, "parameter %q must be one of %s", p.Name, strings.Join(p.Enum, ", "))
			return nil, err.WithHint("%s", fault.DidYouMean(text, p.Enum))
		}
		return p.Enum[i], nil
	}
	return out, nil
}

func (p *Param) wrong(v any) *fault.Error {
	kind := p.Type
	if kind == TypeDuration {
		return fault.New(fault.CommandType, "parameter %q must be a duration", p.Name).
			WithHint(`write a text such as "500ms", "5s" or "2m", or a number of milliseconds`)
	}
	err := fault.New(fault.CommandType, "parameter %q must be a %s, not %s", p.Name, kind, withArticle(v))
	if _, isText := v.(string); isText {
		switch kind {
		case TypeNumber:
			err = fault.New(fault.CommandType, "parameter %q must be a number, not another text", p.Name)
		case TypeBoolean:
			err = fault.New(fault.CommandType, "parameter %q must be true or false", p.Name)
		}
	}
	return err
}

func withArticle(v any) string {
	switch name := value.TypeName(v); name {
	case "null", "text":
		return name
	default:
		return "a " + name
	}
}

func (p *Param) convert(v any) (any, bool) {
	switch p.Type {
	case TypeText:
		switch v := v.(type) {
		case string:
			return v, true
		case bool, int, float64, json.Number:
			text, err := value.AppendJSON(nil, v)
			return string(text), err == nil
		}
	case TypeNumber:
		switch v := v.(type) {
		case int, float64, json.Number:
			return v, true
		case string:
			return parseNumber(v)
		}
	case TypeBoolean:
		switch v := v.(type) {
		case bool:
			return v, true
		case string:
			return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
		}
	case TypeList:
		switch v := v.(type) {
		case []any:
			return v, true
		case string:
			return splitList(v), true
		}
	case TypeMap:
		m, ok := v.(map[string]any)
		return m, ok
	case TypeDuration:
		d, ok := ParseDuration(v)
		return int(d.Milliseconds()), ok
	default:
		return v, true
	}
	return nil, false
}

func parseNumber(text string) (any, bool) {
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, false
	}
	n, err := value.Number(text)
	return n, err == nil
}

func splitList(text string) []any {
	list := []any{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// ParseDuration reads a duration as authors write it: a text with a unit, or a number of milliseconds.
// It is false for anything else and for negative ones.
func ParseDuration(v any) (time.Duration, bool) {
	const longest = float64(math.MaxInt64 / int64(time.Millisecond))
	switch v := v.(type) {
	case string:
		if n, ok := parseNumber(v); ok {
			return ParseDuration(n)
		}
		d, err := time.ParseDuration(v)
		return d, err == nil && d >= 0
	case int:
		return time.Duration(v) * time.Millisecond, v >= 0 && float64(v) < longest
	case float64:
		return time.Duration(v * float64(time.Millisecond)), v >= 0 && v < longest
	}
	return 0, false
}

// Bind gives params in the form in which the command receives them: names for aliases, defaults for what
// was not given, every value checked. An explicit nil stands for "not given", except where any value is
// allowed. The error is a fault.List with every fault, by parameter name.
func (s *Spec) Bind(params map[string]any) (map[string]any, error) {
	var faults fault.List
	args := make(map[string]any, len(s.Params))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p, known := s.Param(name)
		if !known {
			if !s.Open {
				faults = append(faults, s.Unknown(name))
				continue
			}
			args[name] = params[name]
			continue
		}
		if _, twice := args[p.Name]; twice {
			faults = append(faults, fault.New(fault.CommandParam, "parameter %q is given under two names", p.Name))
			continue
		}
		v, err := p.Check(params[name])
		if err != nil {
			faults = append(faults, asFault(err))
			continue
		}
		if v != nil || p.Type == TypeAny {
			args[p.Name] = v
		}
	}
	for i := range s.Params {
		p := &s.Params[i]
		if _, given := args[p.Name]; given || hasFaultFor(params, p) {
			continue
		}
		switch {
		case p.Default != nil:
			args[p.Name] = p.Default
		case p.Required:
			faults = append(faults, p.Missing())
		}
	}
	return args, faults.Err()
}

// hasFaultFor reports whether p was given with a value that was refused.
func hasFaultFor(params map[string]any, p *Param) bool {
	if params[p.Name] != nil {
		return true
	}
	return slices.ContainsFunc(p.Aliases, func(a string) bool { return params[a] != nil })
}
