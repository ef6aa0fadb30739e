package metrics

import (
	"bytes"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds what is counted.
type Registry struct {
	registry *prometheus.Registry
	handler  http.Handler
}

// New makes a registry that tells the version of the program, and what the runtime and the operating system
// know about the process.
func New(version string) *Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "penstock_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Registry{r, promhttp.HandlerFor(r, promhttp.HandlerOpts{DisableCompression: true})}
}

// Text gives everything that was counted, in the format that accept, the value of an Accept field, asks for.
func (r *Registry) Text(accept string) (contentType string, text []byte, ok bool) {
	request := &http.Request{Method: http.MethodGet, Header: http.Header{"Accept": {accept}}}
	w := &page{header: http.Header{}, status: http.StatusOK}
	r.handler.ServeHTTP(w, request)
	return w.header.Get("Content-Type"), w.body.Bytes(), w.status == http.StatusOK
}

// page is an answer kept in memory.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (p *page) Header() http.Header                { return p.header }
func (p *page) WriteHeader(status int)             { p.status = status }
func (p *page) Write(text []byte) (n int, _ error) { return p.body.Write(text) }
