package cli_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestThousandPipelines lints a folder of a thousand pipelines with the real binary. Its largest memory is held to
// the limit; how long it takes is shown, and the deadline is only there against hangs.
func TestThousandPipelines(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "pi")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/penstock/penstock/cmd/pi")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	size := 0
	for i := range 1000 {
		folder := filepath.Join(dir, "pipelines", fmt.Sprintf("shop%d", i%20))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(shopPipeline, i, (i+1)%1000%20, (i+1)%1000)
		size += len(text)
		write(t, folder, fmt.Sprintf("order%d.pi.yaml", i), text)
	}
	var best time.Duration
	var most int64
	for range 3 {
		pi := exec.CommandContext(ctx, binary, "lint", "pipelines", "--json", "--set", "plugins.dir="+filepath.Join(dir, "plugins"))
		pi.Dir, pi.Env = dir, os.Environ()
		began := time.Now()
		out, err := pi.Output()
		took := time.Since(began)
		for _, want := range []string{`"status": "ok"`, `"pipelines": 1000,`, `"error": 0,`, `"warning": 0,`, `"hint": 2000`} {
			if err != nil || !strings.Contains(string(out), want) {
				t.Fatalf("%v, %s is missing in\n%.2000s", err, want, out)
			}
		}
		if best == 0 || took < best {
			best = took
		}
		most = max(most, pi.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	t.Logf("1000 pipelines, %d KiB of text, linted in %s (best of 3), %d MiB at most", size>>10, best.Round(time.Millisecond), most>>10)
	if most > 200<<10 {
		t.Errorf("%d KiB of memory, 200 MiB are allowed", most)
	}
}

// shopPipeline is a pipeline as people write them; each runs another one, and hands in one variable that is not read.
const shopPipeline = `headers:
  description: Takes orders and tells the warehouse.
vars:
  limit: 100
  currency: EUR
pipeline:
  - event.listen:
      eventKey: webhook.shop%[1]d.order.created
  - set:
      value: {id: "${body.payload.id}", total: "${@calc.round(body.payload.total, 2)}", lines: "${body.payload.lines ?? []}"}
      output: vars.order
  - if: ${vars.order.total > vars.limit}
  - log: "order ${vars.order.id} over ${vars.limit} ${vars.currency}"
  - if.else
  - log: {message: small, level: DEBUG}
  - if.end
  - foreach: {in: "${vars.order.lines}", as: line}
  - set:
      value: "${@text.upperCase(vars.line.name)}: ${vars.line.count * vars.line.price}"
      output: vars.text
      if: ${vars.line.count > 0}
  - log: ${vars.text ?? 'nothing'}
  - foreach.end
  - iam.run.as: systemuser
  - event.send:
      key: com.acme.shop%[1]d.order.checked
      payload: {id: "${vars.order.id}", total: "${vars.order.total}"}
      retry: {attempts: 3, wait: 2, backoff: exponential}
  - if: ${vars.order.total > 1000}
  - pipeline.run: {path: shop%[2]d.order%[3]d, vars: {limit: 1000, colour: red}}
  - if.end
  - except:
      type: store.*
      do:
        - log: {message: "not sent: ${exception.message}", level: ERROR}
`
