package lsp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// vocabulary is every word that a file may hold. It never changes.
type vocabulary struct {
	commands map[string]*command.Spec // under all names
	names    []string                 // present names of commands that are steps, sorted
	triggers []string
	language map[string]bool // commands that belong to the language

	common  []command.Param
	headers []command.Param
	forms   []Form

	utils   []expr.Util
	methods map[string]string
}

func newVocabulary(registry *command.Registry, forms ...Form) *vocabulary {
	v := &vocabulary{
		commands: map[string]*command.Spec{}, language: map[string]bool{},
		common: command.CommonParams(), headers: pipeline.HeaderParams(), forms: append([]Form{webhookForm()}, forms...),
		utils: expr.Utils(), methods: expr.Methods(),
	}
	add := func(s *command.Spec) {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			v.commands[name] = s
		}
	}
	for _, d := range registry.Definitions() {
		add(&d.Spec)
		v.names = append(v.names, d.Spec.Name)
	}
	for _, s := range pipeline.FlowCommands() {
		add(&s)
		v.names, v.language[s.Name] = append(v.names, s.Name), true
	}
	for _, s := range pipeline.TriggerCommands() {
		add(&s)
		v.triggers, v.language[s.Name] = append(v.triggers, s.Name), true
	}
	slices.Sort(v.names)
	for old, present := range pipeline.OldNames() {
		if s := v.commands[present]; s != nil {
			v.commands[old] = s
		}
	}
	return v
}

// webhookParams describes the fields of a file that declares a webhook.
func webhookParams() []command.Param {
	return append([]command.Param{
		{Name: "id", Type: command.TypeText, Literal: true, Summary: "Name of the webhook for people and commands; default is the name of the file."},
		{Name: "token", Type: command.TypeAny, Required: true, Literal: true, Summary: "The token in the address: env:NAME, file:PATH or sha256:HEX. A list of two while it is being changed."},
		{Name: "version", Type: command.TypeNumber, Literal: true, Summary: "Version of the form of this file: 1."},
	}, builtin.WebhookParams()...)
}

var versioned = regexp.MustCompile(`:v[1-9][0-9]{0,3}$`)

// command finds a command by its name in a file; nil for an unknown one.
func (v *vocabulary) command(name string) *command.Spec {
	return v.commands[versioned.ReplaceAllString(name, "")]
}

// params gives what a command takes: its own parameters and the common ones.
func (v *vocabulary) params(s *command.Spec) []command.Param {
	out := slices.Clone(s.Params)
	for _, p := range v.common {
		switch {
		case v.language[s.Name]:
			if pipeline.TakesCommon(s.Name, p.Name) {
				out = append(out, p)
			}
		case p.Name != "output" || s.Result != "":
			out = append(out, p)
		}
	}
	return out
}

// inside gives the fields of a parameter that is a map of fixed ones; nil for others.
func inside(p *command.Param) []command.Param {
	if p == nil {
		return nil
	}
	wait := command.Param{Name: "wait", Type: command.TypeDuration, Literal: true, Summary: "How long to wait before: a number of seconds, or a text such as 500ms; default is 3 s."}
	times := command.Param{Name: "times", Type: command.TypeNumber, Literal: true, Summary: "How often the step is repeated, 1 to 100; default is 1."}
	switch p.Name {
	case "onError", "then":
		fields := []command.Param{
			{Name: "action", Type: command.TypeText, Required: true, Literal: true, Enum: []string{"THROW", "IGNORE", "LOG", "RETRY", "ROLLBACK"}, Summary: "What happens when the step fails."},
			times, wait,
			{Name: "pipeline", Type: command.TypeText, Literal: true, Summary: "With ROLLBACK: the pipeline that takes back what was done."},
		}
		if p.Name == "onError" {
			fields = append(fields, command.Param{Name: "then", Type: command.TypeAny, Literal: true, Enum: []string{"THROW", "IGNORE", "LOG"}, Summary: "With RETRY: what happens when the last try fails, too."})
		}
		return fields
	case "retry":
		return []command.Param{
			{Name: "attempts", Type: command.TypeNumber, Literal: true, Summary: "How often the step is tried, with the first try; 2 to 100."},
			times, wait,
			{Name: "backoff", Type: command.TypeAny, Literal: true, Enum: []string{"constant", "exponential"}, Summary: "The wait is multiplied by it each time: constant, exponential, or a number from 1 to 10."},
			{Name: "maxWait", Type: command.TypeDuration, Literal: true, Summary: "The longest wait."},
			{Name: "jitter", Type: command.TypeBoolean, Literal: true, Summary: "Share of the wait that is random: true, false, or from 0 to 1."},
			{Name: "on", Type: command.TypeAny, Literal: true, Summary: "Failures to repeat after: codes, beginnings such as mail.*, or what an error command gave as its type."},
			{Name: "from", Type: command.TypeText, Literal: true, Enum: []string{"step", "start"}, Summary: "Where a repetition begins: at the step, or at the start of the run."},
		}
	case "cases":
		return []command.Param{
			{Name: "when", Type: command.TypeAny, Required: true, Summary: "The condition."},
			{Name: "then", Type: command.TypeList, Required: true, Summary: "Commands for when it holds."},
		}
	}
	return nil
}

// words gives the texts that a parameter is likely to have.
func words(p *command.Param) []string {
	switch {
	case len(p.Enum) > 0:
		return p.Enum
	case p.Name == "onError" || p.Name == "onCommandError":
		return []string{"THROW", "IGNORE", "LOG", "RETRY"}
	case p.Type == command.TypeBoolean:
		return []string{"true", "false"}
	case p.Name == "on" || p.Name == "type" && strings.HasPrefix(p.Summary, "Which failures"):
		var codes []string
		for _, info := range fault.Codes() {
			codes = append(codes, string(info.Code))
		}
		return codes
	}
	return nil
}

// find gives a parameter by its name or another one that it has.
func find(params []command.Param, name string) *command.Param {
	s := command.Spec{Params: params}
	p, _ := s.Param(name)
	return p
}

// isBare reports whether a parameter takes an expression without its delimiters.
func isBare(s *command.Spec, name string) bool {
	switch name {
	case "eval":
		return true
	case "selector", "filter":
		return s != nil && s.Name == "event.listen"
	case "expr":
		return s != nil && s.Name == "eval"
	case "do":
		return s != nil && (s.Name == "macro" || s.Name == "finally")
	}
	return false
}
