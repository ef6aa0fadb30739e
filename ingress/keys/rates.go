package keys

import "time"

// rates bounds how often hosts are asked. The owner of a rates holds a lock.
type rates struct {
	burst    int
	interval time.Duration // after which one request is given back
	most     int           // hosts
	paid     map[string]time.Time
}

func newRates(perMinute, most int) *rates {
	return &rates{perMinute, time.Minute / time.Duration(perMinute), most, map[string]time.Time{}}
}

// take counts one request; false means that it must not be made.
func (r *rates) take(host string, now time.Time) bool {
	until, known := r.paid[host]
	if !known && len(r.paid) >= r.most {
		for h, t := range r.paid {
			if !t.After(now) {
				delete(r.paid, h)
			}
		}
		if len(r.paid) >= r.most {
			return false
		}
	}
	whole := time.Duration(r.burst) * r.interval
	if until.Before(now) || until.Sub(now) > whole { // later: the clock was set back
		until = now
	}
	if until.Sub(now) > whole-r.interval {
		return false
	}
	r.paid[host] = until.Add(r.interval)
	return true
}
