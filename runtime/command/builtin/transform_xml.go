package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// transformJSONXML writes the body as XML.
func transformJSONXML(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "transform.json.xml",
			Summary: "Writes the body, a map with one name, as XML: lists repeat their element, '@name' is an attribute, '#text' the text beside them.",
			Result:  "The XML as text.",
			Errors:  []fault.Code{fault.ExprEval},
			Examples: []command.Example{
				{
					Title:    "an element",
					Pipeline: "pipeline:\n  - transform.json.xml\n",
					Body:     `{"order":{"@id":7,"item":["boat","oar"]}}`,
					Want:     `"<order id=\"7\"><item>boat</item><item>oar</item></order>"`,
				},
				{
					Title:    "two roots",
					Pipeline: "pipeline:\n  - transform.json.xml\n",
					Body:     `{"a":1,"b":2}`,
					WantCode: "expr.eval",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Language == nil {
				return command.Result{}, missing("language")
			}
			p, err := d.Language.Compile("@convert.toXMLString(body)")
			if err != nil {
				return command.Result{}, err
			}
			v, err := p.Eval(ctx, expr.Env{"body": call.Body})
			if err != nil {
				return command.Result{}, fault.Wrap(fault.CodeOf(err), err, "writing XML")
			}
			return command.Value(v), nil
		}),
	}
}
