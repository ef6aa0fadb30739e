package metrics

import "github.com/prometheus/client_golang/prometheus"

// Pipelines counts what becomes of pipeline files.
type Pipelines struct {
	loaded, broken prometheus.Gauge
	reloads        map[string]prometheus.Counter // by outcome
}

// The outcomes of a reload: every file was taken over, broken files kept their last good version, nothing was changed.
const (
	ReloadComplete = "complete"
	ReloadPartial  = "partial"
	ReloadRefused  = "refused"
)

// Pipelines makes the counters of pipelines, all at zero.
func (r *Registry) Pipelines() *Pipelines {
	p := &Pipelines{
		loaded: prometheus.NewGauge(prometheus.GaugeOpts{Name: "penstock_pipelines_loaded", Help: "Pipelines that are loaded."}),
		broken: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "penstock_pipelines_broken", Help: "Pipeline files that cannot be taken over as they are.",
		}),
	}
	r.registry.MustRegister(p.loaded, p.broken)
	p.reloads = r.family("penstock_pipelines_reloads_total", "Changes of pipeline files that were looked at.", "outcome",
		[]string{ReloadComplete, ReloadPartial, ReloadRefused, other})
	return p
}

// State sets how many pipelines are loaded and how many files are broken.
func (p *Pipelines) State(loaded, broken int) {
	p.loaded.Set(float64(loaded))
	p.broken.Set(float64(broken))
}

// Reloaded counts a reload by its outcome.
func (p *Pipelines) Reloaded(outcome string) { count(p.reloads, outcome) }
