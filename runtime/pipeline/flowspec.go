package pipeline

import (
	"slices"
	"sync"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/trigger"
)

// FlowCommands describes the commands that belong to the language itself, sorted by name, for
// documentation, completion and schemas. No right is needed for them, but for pipeline.run.
func FlowCommands() []command.Spec {
	names := flowNames()
	specs := make([]command.Spec, len(names))
	for i, name := range names {
		specs[i] = flowSpec(name)
	}
	return specs
}

// TakesCommon reports whether a command of the language, or one that starts a pipeline, takes a common
// parameter. Other commands take them all, but for output where they give no result.
func TakesCommon(name, param string) bool {
	if _, isTrigger := triggerKind(name); isTrigger {
		return param == "id"
	}
	if _, closing := closes(name); closing || name == "macro" && param == "input" {
		return false
	}
	switch param {
	case "input":
		return name == callCommand || name == "call"
	case "output":
		return slices.Contains([]string{callCommand, "call", "macro", "macro.run", "parallel", "switch"}, name)
	case "timeout":
		return name == callCommand || slices.Contains([]string{"if", "foreach", "while", "do", "parallel", "macro", "macro.run", "call"}, name)
	case "onError", "retry":
		return !slices.Contains([]string{"except", "finally", "break", "continue"}, name)
	}
	return true
}

// OldNames gives names of commands of older files, with their present ones.
func OldNames() map[string]string {
	names := map[string]string{}
	for _, old := range []string{"function", "function.call", "pipeline.start", "mail"} {
		names[old] = presentName(old)
	}
	return names
}

// flowNames lists the commands of the language, sorted.
func flowNames() []string {
	return []string{
		"assert", "break", "call", "continue", "do", "error", "eval", "except", "except.end", "finally", "foreach", "foreach.end",
		"if", "if.else", "if.end", "macro", "macro.run", mockCommand, "parallel", "pipeline.run", "switch", "wait", "while", "while.end",
	}
}

// sharedSpecs are the specs of the language's commands, made once, by name; nobody changes them.
var sharedSpecs = sync.OnceValue(func() map[string]*command.Spec { //nolint:gochecknoglobals // constant data
	out := map[string]*command.Spec{}
	for _, name := range flowNames() {
		spec := flowSpec(name)
		out[name] = &spec
	}
	for _, kind := range []trigger.Kind{trigger.EventListen, trigger.MessageReceive, trigger.Job} {
		spec := triggerSpec(kind)
		out[string(kind)] = &spec
	}
	return out
})

func isFlow(name string) bool { return slices.Contains(flowNames(), name) }

func flowSpec(name string) command.Spec {
	switch name {
	case "assert":
		return assertSpec()
	case "break":
		return breakSpec()
	case "call":
		return callSpec()
	case "continue":
		return continueSpec()
	case "do":
		return doSpec()
	case "error":
		return errorSpec()
	case "eval":
		return evalSpec()
	case "except":
		return exceptSpec()
	case "finally":
		return finallySpec()
	case "foreach":
		return foreachSpec()
	case "if":
		return ifSpec()
	case "macro":
		return macroSpec()
	case "macro.run":
		return macroRunSpec()
	case mockCommand:
		return mockSpec()
	case "parallel":
		return parallelSpec()
	case callCommand:
		return pipelineRunSpec()
	case "switch":
		return switchSpec()
	case "wait":
		return waitSpec()
	case "while":
		return whileSpec()
	}
	return closingSpec(name)
}

// closingSpec describes a word that only marks a place in the flat spelling.
func closingSpec(name string) command.Spec {
	block, _ := closes(name)
	s := command.Spec{Name: name, Summary: "Ends the commands of " + block + "."}
	if name == "if.else" {
		s.Summary = "Begins the commands for when the condition of if does not hold."
	}
	opener := flowSpec(block)
	s.Examples = append(s.Examples, opener.Examples...)
	return s
}
