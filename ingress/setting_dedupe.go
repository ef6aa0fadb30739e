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
	}
	var err error
	if out.key, err = d.language.Compile(bare(s.Key)); err != nil {
		return out, fault.Wrap(fault.WebhookInvalid, err, "the expression cannot be used").In("dedupe").
			WithHint("write one expression, such as body.id")
	}
	return out, nil
}

// bare takes the delimiters off an expression that is written with them, as in a text.
func bare(text string) string {
	for _, mark := range []string{"${", "#{"} {
		if inner, ok := strings.CutPrefix(text, mark); ok && strings.HasSuffix(inner, "}") {
			return strings.TrimSuffix(inner, "}")
		}
	}
	return text
}
