package ingress

import (
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// noDedupe is the word for a webhook that takes every request as a new delivery.
const noDedupe = "none"

// maxDedupeWindow is how long a delivery may be remembered, in seconds.
const maxDedupeWindow = 90 * 24 * 60 * 60

// dedupe says what names a delivery. The zero value takes what the preset gives.
type dedupe struct {
	off    bool
	key    *expr.Program // over body, headers and request; nil = the preset's
	window time.Duration // 0 = the preset's, a day at least
}

func (d *Directory) dedupe(s webhook.Dedupe) (dedupe, error) {
	out := dedupe{off: s.Key == noDedupe, window: time.Duration(s.Window) * time.Second}
	switch {
	case s.Window < 0 || s.Window > maxDedupeWindow:
		return out, invalid("dedupeWindow", "a window is 1 second to %d days", maxDedupeWindow/(24*60*60))
	case out.off && s.Window != 0:
		return out, invalid("dedupeWindow", "a webhook that remembers no delivery has no window")
	case out.off || s.Key == "":
		return out, nil
	case strings.HasPrefix(s.Key, "${") || strings.HasPrefix(s.Key, "#{"):
		return out, invalid("dedupe", "the expression is written without ${ and }").WithHint("for example body.id")
	}
	var err error
	if out.key, err = d.language.Compile(s.Key); err != nil {
		return out, fault.Wrap(fault.WebhookInvalid, err, "the expression cannot be used").In("dedupe")
	}
	return out, nil
}
