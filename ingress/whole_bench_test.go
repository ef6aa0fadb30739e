package ingress_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/broker/memory"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// each gives every request a delivery of its own, so that the benchmark's equal requests are all events.
type each struct{ ingress.Emitter }

func (m each) Emit(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error) {
	d.Key = e.ID
	return m.Emitter.Emit(ctx, e, d)
}

// accepting is the store without an engine behind it.
type accepting struct{ *sqlite.Store }

func (s accepting) Emit(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error) {
	return s.Accept(ctx, e, d)
}

const threeSteps = "pipeline:\n  - event.listen: \"#\"\n  - var.set: {key: key, value: \"${body.eventKey}\"}\n" +
	"  - set: {value: \"${body.payload}\"}\n  - body.set: {value: \"${vars.key}\"}\n"

// BenchmarkWhole measures the accept path with its synced store (proof, dedupe key, event, answer), then the
// same with an engine that runs a pipeline of three steps for each event, until all are settled; both
// beside the bare server answering 202.
func BenchmarkWhole(b *testing.B) {
	body := `{"lead":"` + strings.Repeat("x", 1000) + `"}`
	head := " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: d\r\nX-Hub-Signature-256: sha256=" +
		sign("k", body) + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body)) + body
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("floor/%d", callers), func(b *testing.B) {
			load(b, bare(b), callers, "POST /hooks/x"+head)
		})
		b.Run(fmt.Sprintf("accept/%d", callers), func(b *testing.B) {
			s := openStore(b)
			w, hook := door(b, each{accepting{s}}, proven())
			load(b, w.addr, callers, "POST /hooks/"+hook.token+head)
		})
	}
	b.Run("run/64", func(b *testing.B) {
		s := openStore(b)
		emitter, eng := startEngine(b, s)
		w, hook := door(b, each{emitter}, proven())
		begin := time.Now()
		load(b, w.addr, 64, "POST /hooks/"+hook.token+head)
		for {
			left, err := s.Unsettled(b.Context(), 0, 1)
			if err != nil {
				b.Fatal(err)
			}
			if len(left) == 0 && eng.Load().Moving == 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "runs/s")
	})
}

func openStore(b *testing.B) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func startEngine(b *testing.B, s *sqlite.Store) (*engine.Emitter, *engine.Engine) {
	b.Helper()
	broker := memory.New(memory.Settings{})
	registry, err := command.NewRegistry(builtin.All(builtin.Deps{Now: time.Now})...)
	if err != nil {
		b.Fatal(err)
	}
	policy, err := iam.NewPolicy(map[string][]string{"all": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"all"}}})
	if err != nil {
		b.Fatal(err)
	}
	plan, err := pipeline.Load("bench.pi.yaml", []byte(threeSteps), pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: time.Now}), Policy: policy})
	if err != nil {
		b.Fatal(err)
	}
	emitter := engine.NewEmitter(s, broker, engine.EmitterOptions{})
	eng, err := engine.New(s, broker, emitter, []*pipeline.Plan{plan}, engine.Options{Now: time.Now, Policy: policy})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready := make(chan struct{})
	go func() { ended <- eng.Run(ctx, func() { close(ready) }) }()
	<-ready
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		_ = broker.Close()
	})
	return emitter, eng
}
