package ingress

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
)

// dayWindow is how long a delivery is remembered that nothing else says a time for.
const dayWindow = 24 * time.Hour

// maxDedupeKey is the longest key that is kept as it is; of a longer one, its digest.
const maxDedupeKey = 256

// dedupe names the delivery, so that a repeated one makes no second event: as the webhook says, else as the
// preset does.
func (s *Server) dedupe(v *visit) (event.Dedupe, refusal) {
	d, window := v.hook.dedupe, v.delivery.Window
	key := v.delivery.ID
	switch {
	case d.off:
		return event.Dedupe{}, refusal{}
	case d.key != nil:
		out, err := d.key.Eval(s.base, v.env())
		if key = expr.Text(out); err != nil || key == "" {
			r := refusal{status: http.StatusBadRequest, reason: reasonDedupeKey, detail: "the webhook's expression for the delivery gives nothing for this request"}
			if err != nil {
				r.detail = "the webhook's expression for the delivery fails: " + err.Error()
			}
			return event.Dedupe{}, r
		}
		if len(key) > maxDedupeKey {
			sum := sha256.Sum256([]byte(key))
			key = "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
		}
		window = dayWindow
	case key == "":
		return event.Dedupe{}, refusal{}
	}
	if d.window > 0 {
		// Not shorter than a request can be repeated with a timestamp that still passes.
		window = max(d.window, v.hook.replay)
	}
	return event.Dedupe{Scope: v.hook.webhook.ID, Key: key, Until: v.now.Add(window)}, refusal{}
}

// env is what the expressions of a webhook may read: the body as a value (null where it is not what its
// type says), the header in lower case without what proves the request, and method, query and address of
// the request.
func (v *visit) env() expr.Env {
	body, _ := v.value()
	headers := map[string]any{}
	for name, text := range v.header().All() {
		low := string(appendLower(nil, name))
		if v.hook.isProof(low) {
			continue
		}
		text := strings.ToValidUTF8(string(text), "\uFFFD")
		if first, again := headers[low].(string); again {
			text = first + ", " + text
		}
		headers[low] = text
	}
	return expr.Env{
		"body": body, "headers": headers,
		"request": map[string]any{"method": methodText(v.header().Method()), "query": v.queryObject(), "address": v.caller.String()},
	}
}
