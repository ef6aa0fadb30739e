package builtin

import (
	"context"
	"maps"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

const (
	maxRules     = 1000
	maxRuleDepth = 32
)

// dataMapping makes maps of another shape.
func dataMapping(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "data.mapping",
			Summary: "Makes a map of another shape: each rule puts what an expression gives to a place.",
			Params: []command.Param{
				{Name: "rules", Type: command.TypeText, Required: true, Literal: true, Aliases: []string{"mappingRules"}, Summary: "Rules of the form EXPRESSION -> PLACE, one a line or with commas between them. A place is a name, or names joined by dots. The expression has no ${}; in it the body is called input."},
				{Name: "iterate", Type: command.TypeBoolean, Default: false, Summary: "The body is a list; each of its items is mapped, and called input."},
				{Name: "ignoreEmptyItems", Type: command.TypeBoolean, Default: false, Summary: "What is null, or empty, is left out."},
			},
			Shorthand: "rules",
			Result:    "The map, or with iterate the list of maps.",
			Examples: []command.Example{
				{
					Title:    "another shape",
					Pipeline: "pipeline:\n  - data.mapping: |\n      input.first + ' ' + input.last -> person.name\n      @text.lowerCase(input.mail) -> person.email,\n      input.tags.size() -> tags\n",
					Body:     `{"first":"Ann","last":"Lee","mail":"ANN@example.org","tags":[1,2]}`,
					Want:     `{"person":{"name":"Ann Lee","email":"ann@example.org"},"tags":2}`,
				},
				{
					Title:    "each item",
					Pipeline: "pipeline:\n  - data.mapping:\n      iterate: true\n      ignoreEmptyItems: true\n      rules: input.id -> id, input.note -> note\n",
					Body:     `[{"id":1,"note":""},{"id":2,"note":"new"}]`,
					Want:     `[{"id":1},{"id":2,"note":"new"}]`,
				},
				{
					Title:    "a rule without a place",
					Pipeline: "pipeline:\n  - data.mapping: input.id\n",
					Body:     `{"id":1}`,
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			m, err := mappingOf(d, call)
			if err != nil {
				return command.Result{}, err
			}
			env, size := envOf(call), made{}
			if call.Args["iterate"] != true {
				v, err := m.apply(ctx, env, call.Body)
				return command.Value(v), err
			}
			list, err := items(call)
			if err != nil {
				return command.Result{}, err
			}
			out := make([]any, 0, len(list))
			for _, item := range list {
				v, err := m.apply(ctx, env, item)
				if err != nil {
					return command.Result{}, err
				}
				if err := size.add(v); err != nil {
					return command.Result{}, err
				}
				out = append(out, v)
			}
			return command.Value(out), nil
		}),
	}
}

// mapping is a list of rules.
type mapping struct {
	rules     []mappingRule
	dropEmpty bool
}

type mappingRule struct {
	program *expr.Program
	place   []string
	number  int
}

func mappingOf(d Deps, call command.Call) (*mapping, error) {
	if d.Language == nil {
		return nil, missing("language")
	}
	text, _ := call.Args["rules"].(string)
	m := &mapping{dropEmpty: call.Args["ignoreEmptyItems"] == true}
	for _, part := range split(text, ",\n") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		rule := mappingRule{number: len(m.rules) + 1}
		arrow := strings.LastIndex(part, "->")
		if arrow < 0 {
			return nil, rule.wrong("has no place").WithHint("write for example input.name -> person.name")
		}
		rule.place = strings.Split(strings.TrimSpace(part[arrow+2:]), ".")
		for i, name := range rule.place {
			if rule.place[i] = strings.TrimSpace(name); rule.place[i] == "" || strings.ContainsAny(name, "[]'\"${}()") {
				return nil, rule.wrong("has no proper place").WithHint("a place is a name, or names joined by dots")
			}
		}
		if len(rule.place) > maxRuleDepth || rule.number > maxRules {
			return nil, fault.New(fault.PipelineLimit, "a mapping has at most %d rules, and a place %d names", maxRules, maxRuleDepth)
		}
		var err error
		if rule.program, err = d.Language.CompileWith(undelimited(part[:arrow]), "input"); err != nil {
			return nil, fault.Wrap(fault.CodeOf(err), err, "reading rule %d", rule.number).WithHint("%s", fault.HintOf(err))
		}
		m.rules = append(m.rules, rule)
	}
	return m, nil
}

func (r *mappingRule) wrong(what string) *fault.Error {
	return fault.New(fault.CommandType, "rule %d of parameter %q %s", r.number, "rules", what)
}

func (m *mapping) apply(ctx context.Context, env expr.Env, input any) (map[string]any, error) {
	env = maps.Clone(env)
	env["input"] = input
	out := map[string]any{}
	for i := range m.rules {
		r := &m.rules[i]
		v, err := r.program.Eval(ctx, env)
		if err != nil {
			return nil, fault.Wrap(fault.CodeOf(err), err, "evaluating rule %d", r.number)
		}
		if m.dropEmpty && isEmpty(v) {
			continue
		}
		at := out
		for _, name := range r.place[:len(r.place)-1] {
			next, isMap := at[name].(map[string]any)
			if !isMap && at[name] != nil {
				return nil, r.wrong("puts something below a place that holds another value")
			}
			if !isMap {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		last := r.place[len(r.place)-1]
		if _, isMap := at[last].(map[string]any); isMap {
			return nil, r.wrong("puts something where other rules put more")
		}
		at[last] = v
	}
	return out, nil
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
