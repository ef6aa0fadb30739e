package pipeline

import (
	"regexp"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// entry is one command of a file, with the commands inside it.
type entry struct {
	line, col int    // of the command's name
	command   string // without a version, and its present name where it had another one
	written   string // without a version
	version   string // v1; empty = none
	params    *node  // a map, or nil
	short     *node  // the scalar or list behind the name, or nil

	lists map[string][]entry // by the name of the parameter that holds them in the nested spelling
	tail  bool               // of an except or finally without commands of its own: those that follow are in it
}

// readEntry reads a command in any of its forms: a name, or a map of the name to a map, a scalar or a list.
func readEntry(f *faults, n *node) (e entry, ok bool) {
	switch {
	case n.kind == mapNode && len(n.keys) == 1:
		k, item := n.keys[0], n.items[0]
		e = entry{line: k.line, col: k.col}
		e.name(k.name)
		switch {
		case item.kind == mapNode:
			e.params = item
		case !item.isNull():
			e.short = item
		}
		return e, true
	case n.kind == mapNode && len(n.keys) > 1:
		k := n.keys[1]
		f.add(fault.PipelineInvalid, k.line, k.col, "%q stands beside the command %q, not below it", short(k.name), short(n.keys[0].name)).
			hint("indent the parameters of a command further than its name, and begin every command with \"- \"")
	case n.kind == mapNode:
		f.add(fault.PipelineInvalid, n.line, n.col, "an empty map names no command")
	default:
		name, isText := n.text()
		if !isText {
			f.add(fault.PipelineInvalid, n.line, n.col, "a command is a name, alone or with its parameters, not %s", n.typeName())
			return e, false
		}
		e = entry{line: n.line, col: n.col}
		e.name(name)
		return e, true
	}
	return e, false
}

var versionForm = regexp.MustCompile(`^v[1-9][0-9]{0,3}$`)

// name takes the version off a name, and gives an old name its present one.
func (e *entry) name(text string) {
	e.written = text
	if name, version, versioned := strings.Cut(text, ":"); versioned && versionForm.MatchString(version) {
		e.written, e.version = name, version
	}
	e.command = presentName(e.written)
}

func presentName(name string) string {
	switch name {
	case "function":
		return "macro"
	case "function.call":
		return "macro.run"
	case "pipeline.start":
		return "pipeline.run"
	case "mail":
		return "mail.send"
	}
	return name
}
