package builtin

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// httpCommand makes the command of one method.
func httpCommand(d Deps, method, summary string, examples ...command.Example) command.Definition {
	writes := method != http.MethodGet
	params := []command.Param{
		{Name: "url", Type: command.TypeText, Required: true, Summary: "Address, https only."},
		{Name: "query", Type: command.TypeMap, Summary: "What is added behind the ? of the address; values are escaped."},
		{Name: "headers", Type: command.TypeAny, Summary: "Header fields: a map, a list of texts NAME: VALUE, or one text of them with commas."},
		{Name: "secret", Type: command.TypeText, Literal: true, Summary: "Name of the secret that proves who asks; it stands under secrets in the configuration and is sent to the hosts that are named there only."},
		{Name: "includeResponse", Type: command.TypeBoolean, Default: false, Summary: "The result is a map of status, headers and body."},
		{Name: "ignoreErrorStatus", Type: command.TypeBoolean, Default: false, Summary: "A status of 400 or more is no failure."},
		{Name: "forceContentType", Type: command.TypeText, Summary: "How the answer is read, whatever it says of itself, such as application/json."},
	}
	if writes {
		body := "What is sent: a text as it is, content with its type, anything else as JSON, or as a form where the header Content-Type says so; default is the body."
		if method == http.MethodDelete {
			body = "What is sent, as in http.post; default is nothing."
		}
		params = slices.Insert(params, 1, command.Param{Name: "body", Type: command.TypeAny, Summary: body})
	}
	return command.Definition{
		Spec: command.Spec{
			Name:      "http." + strings.ToLower(method),
			Summary:   summary,
			Params:    params,
			Shorthand: "url",
			Result:    "The body of the answer: JSON as the value that it is, a text, or content (contentType, contentLength, contentBase64) for other bytes.",
			Effect:    writes,
			Errors: []fault.Code{
				fault.HTTPRejected, fault.HTTPLimited, fault.HTTPUnavailable, fault.EgressDenied, fault.EgressFailed, fault.EgressTimeout, fault.EgressLarge,
				fault.SecretUnknown, fault.SecretDenied, fault.DataInvalid,
			},
			Examples: examples,
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Outbound == nil {
				return command.Result{}, missing("way to other servers")
			}
			return request(ctx, d, method, call)
		}),
	}
}

func request(ctx context.Context, d Deps, method string, call command.Call) (command.Result, error) {
	r, err := requestOf(method, call)
	if err != nil {
		return command.Result{}, err
	}
	hide := func(text string) string { return text }
	if name, _ := call.Args["secret"].(string); name != "" {
		if hide, err = addSecret(d, &r, name, call.Identity); err != nil {
			return command.Result{}, err
		}
	}
	answer, err := d.Outbound.Do(ctx, r)
	if err != nil {
		return command.Result{}, err
	}
	if call.Args["ignoreErrorStatus"] != true {
		if err := answer.Err(d.Now()); err != nil {
			return command.Result{}, err
		}
	}
	contentType, _ := call.Args["forceContentType"].(string)
	if contentType == "" {
		contentType = answer.Header.Get("Content-Type")
	}
	v, err := answer.ValueAs(contentType)
	if err != nil {
		return command.Result{}, err
	}
	if call.Args["includeResponse"] == true {
		v = map[string]any{"status": answer.Status, "headers": fields(answer.Header), "body": v}
	}
	return command.Value(hidden(v, hide)), nil
}

// requestOf makes the request that the parameters describe.
func requestOf(method string, call command.Call) (egress.Request, error) {
	r := egress.Request{Method: method, Header: http.Header{}}
	r.URL, _ = call.Args["url"].(string)
	if query, _ := call.Args["query"].(map[string]any); len(query) > 0 {
		r.URL = withQuery(r.URL, query)
	}
	if err := readHeaders(r.Header, call.Args["headers"]); err != nil {
		return r, err
	}
	v, given := call.Args["body"]
	if !given && method != http.MethodGet && method != http.MethodDelete {
		v = call.Body
	}
	var err error
	if r.Body, err = encodeBody(r.Header, v); err != nil {
		return r, err
	}
	if (method == http.MethodPost || method == http.MethodPatch) && r.Header.Get("Idempotency-Key") == "" && call.RunID != "" {
		r.Header.Set("Idempotency-Key", fmt.Sprintf("%s:%d", call.RunID, call.Step))
	}
	return r, nil
}

// withQuery adds names and values to a URL; a list gives its name once for each item.
func withQuery(address string, query map[string]any) string {
	values := url.Values{}
	for name, v := range query {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, item := range list {
			values.Add(name, expr.Text(item))
		}
	}
	before, fragment, _ := strings.Cut(address, "#")
	mark := "?"
	if strings.Contains(before, "?") {
		mark = "&"
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return before + mark + values.Encode() + fragment
}

// readHeaders reads a map, a list of texts, or a text with commas.
func readHeaders(h http.Header, v any) error {
	if text, isText := v.(string); isText {
		var list []any
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, part)
		}
		v = list
	}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name] != nil {
				h.Set(name, expr.Text(v[name]))
			}
		}
	case []any:
		for _, item := range v {
			text, _ := item.(string)
			name, field, ok := strings.Cut(text, ":")
			if name = strings.TrimSpace(name); !ok || name == "" {
				return fault.New(fault.CommandType, "parameter %q must be a map, or texts of the form NAME: VALUE", "headers")
			}
			h.Add(name, strings.TrimSpace(field))
		}
	default:
		return fault.New(fault.CommandType, "parameter %q must be a map or a list, not a %s", "headers", value.TypeName(v))
	}
	return nil
}

// encodeBody gives the bytes of a value and says in the header what they are, unless that is said already.
func encodeBody(h http.Header, v any) ([]byte, error) {
	say := func(contentType string) {
		if h.Get("Content-Type") == "" && contentType != "" {
			h.Set("Content-Type", contentType)
		}
	}
	m, isMap := v.(map[string]any)
	switch text, isText := v.(string); {
	case v == nil:
		return nil, nil
	case isText:
		say("text/plain; charset=utf-8")
		return []byte(text), nil
	case isMap && isContent(m):
		contentType, _ := m["contentType"].(string)
		say(contentType)
		if text, ok := m["contentBase64"].(string); ok {
			body, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, fault.New(fault.CommandType, "the content of parameter %q is not base64", "body")
			}
			return body, nil
		}
		text, _ := m["content"].(string)
		return []byte(text), nil
	case isMap && strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/x-www-form-urlencoded"):
		return []byte(strings.TrimPrefix(withQuery("", m), "?")), nil
	}
	say("application/json")
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		return nil, fault.Wrap(fault.CommandType, err, "encoding parameter %q", "body")
	}
	return text, nil
}

// isContent reports whether a map is content as @content makes it.
func isContent(m map[string]any) bool {
	_, hasLength := m["contentLength"]
	_, hasType := m["contentType"]
	_, isText := m["content"].(string)
	_, isBase64 := m["contentBase64"].(string)
	return hasLength && hasType && (isText || isBase64)
}

// addSecret puts a secret into the request, if it may go where the request goes.
func addSecret(d Deps, r *egress.Request, name, identity string) (hide func(string) string, err error) {
	if d.Secrets == nil {
		return nil, missing("store of secrets")
	}
	origin, err := d.Outbound.Origin(r.URL)
	if err != nil {
		return nil, err
	}
	c, err := d.Secrets.Secret(name, identity, origin)
	if err != nil {
		return nil, err
	}
	r.Header.Set(c.Field, c.Value)
	return c.Hide, nil
}

// fields shows header fields as a map, names in lower case.
func fields(h http.Header) map[string]any {
	out := make(map[string]any, len(h))
	for name, values := range h {
		out[strings.ToLower(name)] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
	}
	return out
}

// hidden gives v with every text in it passed through hide. A server may send back what it was shown.
func hidden(v any, hide func(string) string) any {
	switch v := v.(type) {
	case string:
		return hide(v)
	case []any:
		for i := range v {
			v[i] = hidden(v[i], hide)
		}
	case map[string]any:
		for name, item := range v {
			shown := hide(name)
			if shown != name {
				delete(v, name)
			}
			v[shown] = hidden(item, hide)
		}
	}
	return v
}
