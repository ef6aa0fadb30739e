package interop_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"testing"

	"github.com/penstock/penstock/runtime/webhook"
)

// sender is a library that signs, judge one that verifies; see senders.mjs and judges.mjs.
type sender struct {
	Library    string          `json:"library"`
	Preset     string          `json:"preset"`
	Secrets    []string        `json:"secrets"`
	Keys       []string        `json:"keys"`
	PrivateKey string          `json:"privateKey"`
	Options    webhook.Options `json:"options"`
	Body       string          `json:"body"`
}

// request is one as it goes over the wire.
type request struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// node is the process in which the libraries run, used by one goroutine.
type node struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Scanner
	Signing []sender `json:"signing"`
	Judging []sender `json:"judging"`
}

func startNode(t *testing.T) *node {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "main.mjs")
	stderr := &cappedLog{}
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("this test needs Node.js and the libraries of package.json, which `make node` installs: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("node: %v\n%s", err, stderr.text)
		}
	})
	n := &node{t: t, in: in, out: bufio.NewScanner(out)}
	n.out.Buffer(nil, 64<<20)
	if !n.out.Scan() {
		_ = cmd.Wait()
		t.Fatalf("the libraries do not load; `make node` installs them:\n%s", stderr.text)
	}
	if err := json.Unmarshal(n.out.Bytes(), n); err != nil {
		t.Fatal(err)
	}
	return n
}

// ask sends one question and reads its answer.
func (n *node) ask(question, answer any) {
	n.t.Helper()
	line, err := json.Marshal(question)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		n.t.Fatal(err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("no answer from node: %v", n.out.Err())
	}
	if err := json.Unmarshal(n.out.Bytes(), answer); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) sign(library, url string, now int64) []request {
	n.t.Helper()
	var out []request
	n.ask(map[string]any{"sign": map[string]any{"library": library, "url": url, "now": now}}, &out)
	return out
}

func (n *node) judge(library string, requests ...request) []bool {
	n.t.Helper()
	var out []bool
	n.ask(map[string]any{"judge": map[string]any{"library": library, "requests": requests}}, &out)
	return out
}

// cappedLog keeps the beginning of what is written to it.
type cappedLog struct{ text []byte }

func (c *cappedLog) Write(p []byte) (int, error) {
	if len(c.text) < 8<<10 {
		c.text = append(c.text, p...)
	}
	return len(p), nil
}
