package ingress

import (
	"github.com/penstock/penstock/ingress/internal/limit"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	minPerSecond = 1.0 / (24 * 60 * 60) // one a day
	maxPerSecond = 1_000_000
	maxBurst     = 1_000_000
)

func checkRate(r webhook.Rate) error {
	switch {
	case r == webhook.Rate{}:
		return nil
	case r.PerSecond == 0:
		return invalid("burst", "a burst needs a rate").WithHint("give rate, the number of requests per second")
	case !(r.PerSecond >= minPerSecond && r.PerSecond <= maxPerSecond):
		return invalid("rate", "a rate is one a day to %d a second", maxPerSecond).WithHint("give the number of requests per second, such as 10 or 0.5")
	case r.Burst < 0 || r.Burst > maxBurst:
		return invalid("burst", "a burst is 1 to %d requests", maxBurst)
	}
	return nil
}

// rateOf keeps the limiter of the entry before while its settings stay, so that a change of something
// else does not fill it up.
func rateOf(r webhook.Rate, before *entry) *limit.Rate {
	if before != nil && before.webhook.Rate == r {
		return before.rate
	}
	return limit.NewRate(r.PerSecond, r.Burst)
}
