package egress_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

func TestErrByStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		status int
		after  string
		code   fault.Code
		retry  bool
		wait   time.Duration
	}{
		"fine":             {200, "7", "", false, 0},
		"a redirect":       {302, "", "", false, 0},
		"refused":          {404, "7", fault.HTTPRejected, false, 0},
		"slow":             {408, "7", fault.HTTPRejected, true, 7 * time.Second},
		"limited":          {429, "", fault.HTTPLimited, true, 0},
		"limited for long": {429, "120", fault.HTTPLimited, true, 2 * time.Minute},
		"failed":           {503, now.Add(time.Minute).Format(http.TimeFormat), fault.HTTPUnavailable, true, time.Minute},
		"in the past":      {503, now.Add(-time.Hour).Format(http.TimeFormat), fault.HTTPUnavailable, true, 0},
		"for ever":         {500, "4000000000", fault.HTTPUnavailable, true, 24 * time.Hour},
		"in other words":   {599, "soon", fault.HTTPUnavailable, true, 0},
	} {
		r := egress.Response{Status: c.status, Header: http.Header{"Retry-After": {c.after}}, Origin: "https://a.example:443"}
		err := r.Err(now)
		retry, wait := fault.Retryable(err)
		if fault.CodeOf(err) != c.code && err != nil || (err == nil) != (c.code == "") || retry != c.retry || wait != c.wait {
			t.Errorf("%s: %v, retry %v after %s", name, err, retry, wait)
		}
		if err == nil {
			continue
		}
		var refusal egress.Refusal
		if !errors.As(err, &refusal) || refusal.StatusCode() != c.status || !strings.Contains(err.Error(), "https://a.example") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValueByContentType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contentType, encoding, body string
		want                        any
		code                        fault.Code
	}{
		"nothing":        {"application/json", "", "", nil, ""},
		"JSON":           {"application/json; charset=utf-8", "", `{"a":[1]}`, map[string]any{"a": []any{1}}, ""},
		"a kind of JSON": {"application/problem+json", "", `"x"`, "x", ""},
		"broken JSON":    {"application/json", "", `{"a":`, nil, fault.DataInvalid},
		"text":           {"text/plain", "", "hi", "hi", ""},
		"no type":        {"", "", `{"a":1}`, `{"a":1}`, ""},
		"bytes":          {"image/png", "", "\xff\x00", map[string]any{"name": nil, "contentType": "image/png", "contentLength": 2, "contentBase64": "/wA="}, ""},
		"packed":         {"text/plain", "gzip", "abc", map[string]any{"name": nil, "contentType": "text/plain", "contentLength": 3, "contentBase64": "YWJj"}, ""},
	} {
		r := egress.Response{Header: http.Header{"Content-Type": {c.contentType}, "Content-Encoding": {c.encoding}}, Body: []byte(c.body)}
		got, err := r.Value()
		if err != nil && fault.CodeOf(err) != c.code || err == nil && c.code != "" {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
