package ingress

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	maxResponseWait    = 30_000 // milliseconds
	maxResponseHeaders = 16
	maxResponseBody    = 64 << 10 // bytes of the template
)

// response is how an accepted request is answered; nil = at once, as the reference does.
type response struct {
	wait    time.Duration // 0 = not at all
	status  int
	headers []responseHeader // by name
	body    *expr.Template   // nil = the JSON of the reference
}

type responseHeader struct {
	name string // in canonical form
	text *expr.Template
}

func (d *Directory) response(s webhook.Response) (*response, error) {
	if s.Wait == 0 && s.Status == 0 && len(s.Headers) == 0 && s.Body == "" {
		return nil, nil
	}
	out := &response{wait: time.Duration(s.Wait) * time.Millisecond, status: http.StatusOK}
	switch {
	case s.Wait < 0 || s.Wait > maxResponseWait:
		return nil, invalid("responseWait", "a wait is at most %d seconds", maxResponseWait/1000)
	case s.Status != 0 && (s.Status < 200 || s.Status > 299):
		return nil, invalid("responseStatus", "the status of an accepted request is 200 to 299")
	case s.Status == http.StatusNoContent && s.Body != "":
		return nil, invalid("responseBody", "an answer with status 204 has no body")
	case len(s.Headers) > maxResponseHeaders:
		return nil, invalid("responseHeaders", "there are %d headers, and %d are allowed", len(s.Headers), maxResponseHeaders)
	case len(s.Body) > maxResponseBody:
		return nil, invalid("responseBody", "the body has more than %d bytes", maxResponseBody)
	case s.Status != 0:
		out.status = s.Status
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		h, err := d.responseHeader(name, s.Headers[name])
		if err != nil {
			return nil, err
		}
		out.headers = append(out.headers, h)
	}
	var err error
	if s.Body != "" {
		if out.body, err = d.language.Template(s.Body); err != nil {
			return nil, fault.Wrap(fault.WebhookInvalid, err, "an expression cannot be used").In("responseBody")
		}
	}
	return out, nil
}

func (d *Directory) responseHeader(name, text string) (responseHeader, error) {
	h := responseHeader{name: http.CanonicalHeaderKey(name)}
	if !isFieldName(name) {
		return h, invalid("responseHeaders", "%q is no header name", name)
	}
	if reservedHeader(strings.ToLower(name)) {
		return h, invalid("responseHeaders", "the header %s is the server's own", h.name)
	}
	var err error
	if h.text, err = d.language.Template(text); err != nil {
		return h, fault.Wrap(fault.WebhookInvalid, err, "an expression cannot be used").In("responseHeaders")
	}
	if v, constant := h.text.Constant(); constant && !isFieldValue(expr.Text(v)) {
		return h, invalid("responseHeaders", "the text of the header %s holds a control character", h.name)
	}
	return h, nil
}

// reservedHeader reports whether a webhook may not set the header: those that frame the answer, and those
// that the door itself speaks with.
func reservedHeader(lower string) bool {
	switch lower {
	case "connection", "content-length", "content-encoding", "date", "keep-alive", "proxy-authenticate", "server", "set-cookie",
		"te", "trailer", "transfer-encoding", "upgrade", "x-content-type-options", "x-request-id":
		return true
	}
	return strings.HasPrefix(lower, "pipeforce-")
}

// isFieldName follows RFC 9110 5.6.2.
func isFieldName(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return text != "" && len(text) <= 128
}

// isFieldValue reports whether the text cannot end or split a header field.
func isFieldValue(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
