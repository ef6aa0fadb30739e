package commandtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// outside is another server, https://api.example.org, as the examples ask it. Other addresses are judged by
// the real rules and reached by nobody.
type outside struct{ *egress.Client }

const secretValue = "examples-token-of-crm"

func (o outside) Do(ctx context.Context, r egress.Request) (egress.Response, error) {
	origin, err := o.Origin(r.URL)
	if err != nil {
		return egress.Response{}, err
	}
	u, err := url.Parse(r.URL)
	if err != nil || origin != "https://api.example.org" {
		return egress.Response{}, fault.New(fault.EgressFailed, "asking %s: the name has no address", origin)
	}
	answer := egress.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Origin: origin}
	var v any
	switch {
	case u.Path == "/rates":
		v = map[string]any{"base": u.Query().Get("base"), "USD": 1.1}
	case u.Path == "/me" && r.Header.Get("Authorization") == "Bearer "+secretValue:
		v = map[string]any{"name": "ann", "shown": r.Header.Get("Authorization")}
	case strings.HasPrefix(u.Path, "/orders") && r.Method == http.MethodDelete:
		answer.Status = http.StatusNoContent
		return answer, nil
	case strings.HasPrefix(u.Path, "/orders"):
		var got any = string(r.Body)
		if strings.HasSuffix(r.Header.Get("Content-Type"), "json") {
			if err := json.Unmarshal(r.Body, &got); err != nil {
				return answer, err
			}
		}
		v = map[string]any{"id": 7, "method": r.Method, "got": got}
	case u.Path == "/busy":
		answer.Status = http.StatusTooManyRequests
		answer.Header.Set("Retry-After", "1")
	default:
		answer.Status = http.StatusNotFound
	}
	answer.Body, err = json.Marshal(v)
	return answer, err
}

// Secret implements builtin.Secrets: there is one, crm, for that server.
func (outside) Secret(name, _, origin string) (builtin.Credential, error) {
	if name != "crm" {
		return builtin.Credential{}, fault.New(fault.SecretUnknown, "no secret has this name")
	}
	if origin != "https://api.example.org" {
		return builtin.Credential{}, fault.New(fault.SecretDenied, "this secret is not for %s", origin)
	}
	hide := func(text string) string { return strings.ReplaceAll(text, secretValue, "[redacted]") }
	return builtin.Credential{Field: "Authorization", Value: "Bearer " + secretValue, Hide: hide}, nil
}
