package lsp

import (
	"strings"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/runtime/command"
)

// Form is a kind of files beside pipelines: what one may hold, and how it is judged.
type Form struct {
	Suffix      string // of the names of the files
	Fields      []Field
	Expressions bool                                 // texts may hold expressions
	Check       func(file string, text []byte) error // gives a fault.List; nil = nothing is judged
}

// Field is one field of a file of a form.
type Field struct {
	command.Param
	Fields []Field  // of a map, or of the maps in a list; nil = it is none
	Words  []string // texts that it is likely to have, beside those of Enum
}

// webhookForm is that of files that declare webhooks.
func webhookForm() Form {
	form := Form{Suffix: webhooks.Suffix, Check: func(file string, text []byte) error {
		_, err := webhooks.Parse(file, text)
		return err
	}}
	for _, p := range webhookParams() {
		form.Fields = append(form.Fields, Field{Param: p})
	}
	return form
}

// form finds the form of a file by its name; nil for a pipeline.
func (v *vocabulary) form(file string) *Form {
	for i := range v.forms {
		if strings.HasSuffix(file, v.forms[i].Suffix) {
			return &v.forms[i]
		}
	}
	return nil
}

// takesExpressions reports whether texts of a file may hold expressions.
func (v *vocabulary) takesExpressions(file string) bool {
	form := v.form(file)
	return form == nil || form.Expressions
}

func paramsOf(fields []Field) []command.Param {
	out := make([]command.Param, len(fields))
	for i := range fields {
		out[i] = fields[i].Param
	}
	return out
}

// fieldOf finds a field by its name or another one that it has.
func fieldOf(fields []Field, name string) *Field {
	for i := range fields {
		if find([]command.Param{fields[i].Param}, name) != nil {
			return &fields[i]
		}
	}
	return nil
}
