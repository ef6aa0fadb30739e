package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock/penstock/ingress"
)

// Door counts what the door does; it is an ingress.Metrics.
type Door struct {
	inFlight  prometheus.Gauge
	duration  prometheus.Histogram
	bytes     prometheus.Counter
	accepted  map[string]prometheus.Counter // by preset
	duplicate map[string]prometheus.Counter
	handshake map[string]prometheus.Counter
	refused   map[string]prometheus.Counter // by reason
	closed    map[string]prometheus.Counter // by limit
}

var _ ingress.Metrics = (*Door)(nil)

// Values of labels for what is not in a fixed list, and for a webhook without a preset.
const (
	other    = "other"
	noPreset = "none"
)

// Door makes the counters of the door, all at zero. presets are the names that are known.
func (r *Registry) Door(presets []string) *Door {
	d := &Door{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "penstock_ingress_requests_in_flight", Help: "Calls of webhooks that are not answered yet.",
		}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "penstock_ingress_request_duration_seconds", Help: "How long calls of webhooks took, from the read request to the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_ingress_request_bytes_total", Help: "Bytes of the bodies of calls, as they came.",
		}),
	}
	r.registry.MustRegister(d.inFlight, d.duration, d.bytes)
	known := append([]string{noPreset, other}, presets...)
	d.accepted = r.family("penstock_ingress_accepted_total", "Events that were stored and answered.", "preset", known)
	d.duplicate = r.family("penstock_ingress_duplicates_total", "Repeated deliveries, which made no second event.", "preset", known)
	d.handshake = r.family("penstock_ingress_handshakes_total", "Handshakes of senders that were answered.", "preset", known)
	d.refused = r.family("penstock_ingress_refused_total", "Requests that were refused.", "reason", append(ingress.Reasons(), other))
	d.closed = r.family("penstock_ingress_connections_closed_total", "Connections that a limit closed.", "limit", append(ingress.Limits(), other))
	return d
}

// family makes one counter for each value of a label.
func (r *Registry) family(name, help, label string, values []string) map[string]prometheus.Counter {
	vector := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	r.registry.MustRegister(vector)
	out := make(map[string]prometheus.Counter, len(values))
	for _, v := range values {
		out[v] = vector.WithLabelValues(v)
	}
	return out
}

func count(family map[string]prometheus.Counter, value string) {
	c, ok := family[value]
	if !ok {
		c = family[other]
	}
	c.Inc()
}

func presetLabel(preset string) string {
	if preset == "" {
		return noPreset
	}
	return preset
}

// Begin implements ingress.Metrics.
func (d *Door) Begin() { d.inFlight.Inc() }

// End implements ingress.Metrics.
func (d *Door) End(took time.Duration, bytes int) {
	d.inFlight.Dec()
	d.duration.Observe(took.Seconds())
	d.bytes.Add(float64(bytes))
}

// Accepted implements ingress.Metrics.
func (d *Door) Accepted(preset string, duplicate bool) {
	if duplicate {
		count(d.duplicate, presetLabel(preset))
		return
	}
	count(d.accepted, presetLabel(preset))
}

// Handshake implements ingress.Metrics.
func (d *Door) Handshake(preset string) { count(d.handshake, presetLabel(preset)) }

// Refused implements ingress.Metrics.
func (d *Door) Refused(reason string) { count(d.refused, reason) }

// Closed implements ingress.Metrics.
func (d *Door) Closed(limit string) { count(d.closed, limit) }
