package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/internal/metrics"
)

func text(t *testing.T, r *metrics.Registry) string {
	t.Helper()
	kind, out, ok := r.Text("text/plain")
	if !ok || !strings.HasPrefix(kind, "text/plain") {
		t.Fatalf("%q, %v", kind, ok)
	}
	return string(out)
}

func TestDoor(t *testing.T) {
	t.Parallel()
	r := metrics.New("1.2.3")
	d := r.Door([]string{"github", "stripe"})
	d.Begin()
	d.Begin()
	d.End(3*time.Millisecond, 100)
	d.Accepted("github", false)
	d.Accepted("github", true)
	d.Accepted("", false)
	d.Accepted("vanished", false)
	d.Handshake("stripe")
	d.Refused("signature.mismatch")
	d.Refused("made up")
	d.Closed("slow_sender")
	got := text(t, r)
	for _, want := range []string{
		`penstock_build_info{version="1.2.3"} 1`,
		`penstock_ingress_requests_in_flight 1`,
		`penstock_ingress_request_bytes_total 100`,
		`penstock_ingress_request_duration_seconds_bucket{le="0.0025"} 0`,
		`penstock_ingress_request_duration_seconds_bucket{le="0.005"} 1`,
		`penstock_ingress_accepted_total{preset="github"} 1`,
		`penstock_ingress_accepted_total{preset="none"} 1`,
		`penstock_ingress_accepted_total{preset="other"} 1`,
		`penstock_ingress_accepted_total{preset="stripe"} 0`,
		`penstock_ingress_duplicates_total{preset="github"} 1`,
		`penstock_ingress_handshakes_total{preset="stripe"} 1`,
		`penstock_ingress_refused_total{reason="signature.mismatch"} 1`,
		`penstock_ingress_refused_total{reason="other"} 1`,
		`penstock_ingress_refused_total{reason="rate.exceeded"} 0`,
		`penstock_ingress_connections_closed_total{limit="slow_sender"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, "made up") || strings.Contains(got, "vanished") {
		t.Error("a value that is not known became a label")
	}
	if n := strings.Count(got, "penstock_ingress_refused_total{"); n != len(ingress.Reasons())+1 {
		t.Errorf("%d series of refusals, want %d", n, len(ingress.Reasons())+1)
	}
}

// TestCountingDoesNotAllocate: the door counts for each request.
func TestCountingDoesNotAllocate(t *testing.T) {
	d := metrics.New("x").Door([]string{"github"})
	if n := testing.AllocsPerRun(1000, func() {
		d.Begin()
		d.Accepted("github", false)
		d.Refused("signature.mismatch")
		d.Closed("address")
		d.End(time.Millisecond, 10)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAccepted(b *testing.B) {
	d := metrics.New("x").Door([]string{"github"})
	b.ReportAllocs()
	for b.Loop() {
		d.Begin()
		d.Accepted("github", false)
		d.End(time.Millisecond, 1000)
	}
}
