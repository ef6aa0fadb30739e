package cli_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHundredCases runs a hundred cases in fifty files with the real binary, with mocks, failures, waits and
// requests through the door. How long it takes is shown; the deadline is only there against hangs.
func TestHundredCases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "pi")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/penstock/penstock/cmd/pi")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for i := range 50 {
		write(t, dir, fmt.Sprintf("lead%d.pi.yaml", i), fmt.Sprintf(`pipeline:
  - event.listen: {eventKey: webhook.lead%d}
  - iam.run.as: systemuser
  - foreach: {in: "${body.payload.items}", as: item}
  - log: "${vars.item}"
  - foreach.end
  - mail.send: {id: letter, to: name@company.tld, message: "${body.payload.name}", retry: {attempts: 3, wait: 1h}}
  - wait: 24h
  - event.send: {key: lead.mailed, payload: "${body.payload.name}"}
  - set: "${body.payload.name}"
`, i))
		write(t, dir, fmt.Sprintf("lead%d.test.yaml", i), `mocks:
  - {id: letter, fail: {code: mail.relay_unavailable, retryable: true, times: 2}}
  - {command: mail.send}
cases:
  - name: an event
    given: {event: {payload: {name: Jane, items: [1, 2, 3]}}}
    expect:
      body: Jane
      events: [{key: lead.mailed, payload: Jane}]
      steps: [iam.run.as, log, log, log, letter, wait, event.send, set]
      took: 26h0m0s
  - name: a signed request
    given: {request: {preset: github, payloadType: raw, body: {name: Joe, items: []}}}
    expect: {body: Joe, response: {status: 200}}
`)
	}
	pi := exec.CommandContext(ctx, binary, "test", dir, "--set", "plugins.dir="+filepath.Join(dir, "plugins"))
	pi.Dir, pi.Env = dir, os.Environ()
	began := time.Now()
	out, err := pi.CombinedOutput()
	took := time.Since(began)
	if err != nil || !strings.Contains(string(out), "100 passed, 0 failed") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("100 cases took %s", took)
}
