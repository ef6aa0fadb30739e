package egress

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// maxRetryAfter bounds the wait that another server may ask for.
const maxRetryAfter = 24 * time.Hour

// Refusal is the cause of the fault that [Response.Err] gives.
//
//nolint:errname // what another server said, not what went wrong here
type Refusal struct{ status int }

// Error names the status.
func (r Refusal) Error() string {
	if text := http.StatusText(r.status); text != "" {
		return fmt.Sprintf("status %d %s", r.status, text)
	}
	return fmt.Sprintf("status %d", r.status)
}

// StatusCode is the HTTP status of the answer.
func (r Refusal) StatusCode() int { return r.status }

// Err is the fault for an answer whose status is 400 or more, nil for another. http.limited (429) and
// http.unavailable (500 and more) are marked for a retry, after the wait that the answer asks for.
func (r *Response) Err(now time.Time) error {
	if r.Status < 400 {
		return nil
	}
	code := fault.HTTPRejected
	switch {
	case r.Status == http.StatusTooManyRequests:
		code = fault.HTTPLimited
	case r.Status >= 500:
		code = fault.HTTPUnavailable
	}
	f := fault.Wrap(code, Refusal{r.Status}, "asking %s", r.Origin)
	if code != fault.HTTPRejected || r.Status == http.StatusRequestTimeout || r.Status == http.StatusTooEarly {
		f = f.WithRetry(retryAfter(r.Header.Get("Retry-After"), now))
	}
	return f
}

// retryAfter reads a number of seconds or a date; what is neither is no wait.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// Value is the body as pipelines take it: JSON as the value that it is, null for nothing, a text, or for
// bytes that are no text a content object (contentType, contentLength, contentBase64, name). The error, for
// JSON that is none, has fault.DataInvalid.
func (r *Response) Value() (any, error) { return r.ValueAs(r.Header.Get("Content-Type")) }

// ValueAs is Value for a body that is known to have another content type.
func (r *Response) ValueAs(contentType string) (any, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = ""
	}
	switch {
	case len(r.Body) == 0:
		return nil, nil
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		v, err := value.Decode(r.Body)
		if err != nil {
			return nil, fault.Wrap(fault.DataInvalid, err, "reading the answer of %s as JSON", r.Origin)
		}
		return v, nil
	case utf8.Valid(r.Body) && r.Header.Get("Content-Encoding") == "":
		return string(r.Body), nil
	}
	return map[string]any{
		"name": nil, "contentType": media, "contentLength": len(r.Body), "contentBase64": base64.StdEncoding.EncodeToString(r.Body),
	}, nil
}
