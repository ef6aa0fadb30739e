package builtin

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// httpResponseSet prepares the answer of a run that an HTTP request waits for.
func httpResponseSet() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "http.response.set",
			Summary: "Sets status and header fields of the answer, where a caller waits for the run over HTTP; does nothing anywhere else.",
			Params: []command.Param{
				{Name: "statusCode", Type: command.TypeNumber, Summary: "Status of the answer, 200 to 599; default is 200."},
				{Name: "headers", Type: command.TypeMap, Summary: "Names and values of header fields; an empty value takes one out again."},
			},
			Shorthand: "statusCode",
			Examples: []command.Example{
				{
					Title:    "created, with its place",
					Pipeline: "pipeline:\n  - http.response.set:\n      statusCode: 201\n      headers: {Location: /orders/7}\n  - set: {value: {id: 7}}\n",
					Want:     `{"id":7}`,
				},
				{
					Title:    "the body stays",
					Pipeline: "pipeline:\n  - http.response.set: 202\n",
					Body:     `"accepted"`,
					Want:     `"accepted"`,
				},
				{
					Title:    "no status of HTTP",
					Pipeline: "pipeline:\n  - http.response.set: 99\n",
					WantCode: "command.type",
				},
				{
					Title:    "a field that is not the pipeline's",
					Pipeline: "pipeline:\n  - http.response.set: {headers: {Set-Cookie: a=b}}\n",
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			status, err := statusCode(call.Args["statusCode"])
			if err != nil {
				return command.Result{}, err
			}
			header, err := responseHeader(call.Args["headers"])
			if err != nil {
				return command.Result{}, err
			}
			if call.Response != nil {
				call.Response.Set(status, header)
			}
			return command.Result{}, nil
		}),
	}
}

func statusCode(v any) (int, error) {
	if v == nil {
		return 0, nil
	}
	status, whole := v.(int)
	if !whole || status < 200 || status > 599 {
		return 0, fault.New(fault.CommandType, "parameter %q must be a whole number from 200 to 599", "statusCode")
	}
	return status, nil
}

var (
	fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
	ownFields = []string{"connection", "content-length", "content-security-policy", "date", "keep-alive", "server", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate", "x-content-type-options"} //nolint:gochecknoglobals // constant data
)

const mostFields = 50

func responseHeader(v any) (map[string]string, error) {
	fields, _ := v.(map[string]any)
	if len(fields) > mostFields {
		return nil, fault.New(fault.CommandType, "parameter %q names more than %d fields", "headers", mostFields)
	}
	out := make(map[string]string, len(fields))
	for name, v := range fields {
		text := &command.Param{Name: "headers", Type: command.TypeText}
		given, err := text.Check(v)
		value, _ := given.(string)
		lower := strings.ToLower(name)
		switch {
		case err != nil:
			return nil, fault.New(fault.CommandType, "a header field has a text as its value")
		case !fieldName.MatchString(name):
			return nil, fault.New(fault.CommandType, "parameter %q holds what is no name of a header field", "headers")
		case slices.Contains(ownFields, lower), strings.HasPrefix(lower, "access-control-"):
			return nil, fault.New(fault.CommandType, "the header field %s belongs to the server", lower)
		case len(value) > 1000, strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
			return nil, fault.New(fault.CommandType, "the value of %s is longer than 1000 bytes, or not plain ASCII", lower)
		}
		out[name] = value
	}
	return out, nil
}
