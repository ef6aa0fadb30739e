package cli

import (
	"time"

	"github.com/penstock/penstock/internal/lsp"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// testForm tells the language server of files with tests.
func testForm(registry *command.Registry, now func() time.Time) lsp.Form {
	language := pipetest.NewLanguage(now)
	words := map[string][]string{"command": nil, "code": nil}
	for _, d := range registry.Definitions() {
		words["command"] = append(words["command"], d.Spec.Name)
	}
	for _, s := range pipeline.FlowCommands() {
		words["command"] = append(words["command"], s.Name)
	}
	for _, info := range fault.Codes() {
		words["code"] = append(words["code"], string(info.Code))
	}
	return lsp.Form{
		Suffix: pipetest.Suffix, Expressions: true, Fields: testFields(pipetest.Format().Fields, words),
		Check: func(file string, text []byte) error {
			_, err := pipetest.Parse(file, text, language)
			return err
		},
	}
}

func testFields(fields []pipetest.Field, words map[string][]string) []lsp.Field {
	var out []lsp.Field
	for i := range fields {
		f := &fields[i]
		field := lsp.Field{
			Param: command.Param{Name: f.Name, Type: testType(f.Kind), Required: f.Required, Summary: f.Summary, Enum: f.Enum},
			Words: words[f.Name],
		}
		inner := f.Fields
		if f.Item != nil {
			inner = f.Item.Fields
		}
		field.Fields = testFields(inner, words)
		out = append(out, field)
	}
	return out
}

func testType(kind pipetest.Kind) command.Type {
	switch kind {
	case pipetest.KindText, pipetest.KindTime:
		return command.TypeText
	case pipetest.KindNumber:
		return command.TypeNumber
	case pipetest.KindBoolean:
		return command.TypeBoolean
	case pipetest.KindTexts, pipetest.KindList:
		return command.TypeList
	case pipetest.KindMap:
		return command.TypeMap
	case pipetest.KindDuration:
		return command.TypeDuration
	default:
		return command.TypeAny
	}
}
