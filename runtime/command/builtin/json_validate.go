package builtin

import (
	"context"
	"errors"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/schema"
	"github.com/penstock/penstock/runtime/value"
)

// jsonValidate holds the body against a schema.
func jsonValidate() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "json.validate",
			Summary: "Says whether the body is JSON, and fits a JSON Schema when one is given.",
			Params: []command.Param{
				{Name: "schema", Type: command.TypeAny, Summary: "The schema: a map, or its JSON text. It stands alone: references to other documents are refused."},
				{Name: "throwException", Type: command.TypeBoolean, Default: false, Summary: "What does not fit is a failure; the body stays."},
			},
			Result: "A map of status (OK or ERROR) and message. With throwException the body as it is.",
			Errors: []fault.Code{fault.CommandType},
			Examples: []command.Example{
				{
					Title:    "it fits",
					Pipeline: "pipeline:\n  - json.validate:\n      schema: {type: object, required: [id]}\n  - set: ${body.status}\n",
					Body:     `{"id":7}`,
					Want:     `"OK"`,
				},
				{
					Title:    "it does not",
					Pipeline: "pipeline:\n  - json.validate:\n      schema: {type: object, required: [id]}\n",
					Body:     `{}`,
					Want:     `{"status":"ERROR","message":"the value does not fit the schema at #/required"}`,
				},
				{
					Title:    "a failure",
					Pipeline: "pipeline:\n  - json.validate: {schema: {type: array}, throwException: true}\n",
					Body:     `{}`,
					WantCode: "data.invalid",
				},
				{
					Title:    "a text that is no JSON",
					Pipeline: "pipeline:\n  - json.validate\n  - set: ${body.status}\n",
					Body:     `"{\"id\":"`,
					Want:     `"ERROR"`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			misfit, err := judge(call)
			switch {
			case err != nil:
				return command.Result{}, err
			case call.Args["throwException"] == true && misfit != nil:
				return command.Result{}, fault.Wrap(fault.DataInvalid, misfit, "validating the body")
			case call.Args["throwException"] == true:
				return command.Value(call.Body), nil
			case misfit != nil:
				return command.Value(map[string]any{"status": "ERROR", "message": misfit.Error()}), nil //nolint:nilerr // that is the result
			}
			return command.Value(map[string]any{"status": "OK", "message": nil}), nil
		}),
	}
}

// judge gives what is wrong with the body, and apart from that what is wrong with the schema.
func judge(call command.Call) (misfit, err error) {
	body := call.Body
	if text, isText := body.(string); isText {
		if body, misfit = value.Decode([]byte(text)); misfit != nil {
			return misfit, nil
		}
	}
	document, given := call.Args["schema"]
	if !given || document == nil {
		return nil, nil
	}
	text, isText := document.(string)
	if !isText {
		encoded, err := value.AppendJSON(nil, document)
		if err != nil {
			return nil, fault.Wrap(fault.CommandType, err, "encoding parameter %q", "schema")
		}
		text = string(encoded)
	}
	s, err := schema.Compile([]byte(text))
	if err != nil {
		return nil, fault.Wrap(fault.CommandType, err, "reading parameter %q", "schema")
	}
	err = s.Check(body)
	var mismatch *schema.Mismatch
	if errors.As(err, &mismatch) {
		return mismatch, nil
	}
	return nil, err
}
