package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// editor talks to the real program over pipes.
type editor struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
	id  int
}

func (e *editor) send(id any, method string, params any) {
	e.t.Helper()
	m := map[string]any{"jsonrpc": "2.0", "method": method}
	if id != nil {
		m["id"] = id
	}
	if params != nil {
		m["params"] = params
	}
	text, err := json.Marshal(m)
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		e.t.Fatal(err)
	}
}

// until reads messages up to one that is wanted, and gives it as text.
func (e *editor) until(wanted func(m map[string]json.RawMessage) bool) string {
	e.t.Helper()
	for {
		var size int
		for {
			line, err := e.out.ReadString('\n')
			if err != nil {
				e.t.Fatalf("the server went away: %v", err)
			}
			if line == "\r\n" {
				break
			}
			if _, err := fmt.Sscanf(line, "Content-Length: %d\r\n", &size); err != nil {
				e.t.Fatalf("%q is no header", line)
			}
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(e.out, text); err != nil {
			e.t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(text, &m); err != nil {
			e.t.Fatalf("%s: %v", text, err)
		}
		if wanted(m) {
			return string(text)
		}
	}
}

func (e *editor) ask(method string, params any) string {
	e.t.Helper()
	e.id++
	e.send(e.id, method, params)
	return e.until(func(m map[string]json.RawMessage) bool {
		return string(m["id"]) == fmt.Sprint(e.id) && m["method"] == nil
	})
}

func (e *editor) findings() string {
	e.t.Helper()
	return e.until(func(m map[string]json.RawMessage) bool {
		return string(m["method"]) == `"textDocument/publishDiagnostics"`
	})
}

// TestEditor runs `pi lsp` as an editor does.
func TestEditor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pipelines"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "pipelines/order.pi.yaml", "pipeline:\n  - log\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args, cmd.Dir, cmd.Env = []string{"pi", "lsp"}, dir, append(os.Environ(), "PI_CONFIG=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watch := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer watch.Stop()
	e := &editor{t: t, in: in, out: bufio.NewReader(out)}
	uri := func(name string) string {
		return (&url.URL{Scheme: "file", Path: filepath.Join(dir, "pipelines", name)}).String()
	}
	lead := uri("lead.pi.yaml")
	place := func(line, character int) any {
		return map[string]any{"textDocument": map[string]any{"uri": lead}, "position": map[string]any{"line": line, "character": character}}
	}
	holds := func(what, text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in %.2000s", what, part, text)
			}
		}
	}
	folder := map[string]any{"uri": (&url.URL{Scheme: "file", Path: dir}).String(), "name": "x"}
	holds("initialize", e.ask("initialize", map[string]any{"capabilities": map[string]any{}, "workspaceFolders": []any{folder}}), `"positionEncoding":"utf-16"`, `"hoverProvider":true`)
	e.send(nil, "initialized", map[string]any{})
	e.send(nil, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": lead, "languageId": "yaml", "version": 1, "text": "pipeline:\n  - logg: hello\n  - pipeline.run: order\n",
	}})
	holds("findings", e.findings(), `"code":"command.unknown"`, `"start":{"line":1,"character":4}`, `did you mean`)
	e.send(nil, "textDocument/didChange", map[string]any{
		"textDocument": map[string]any{"uri": lead, "version": 2},
		"contentChanges": []any{map[string]any{
			"range": map[string]any{"start": map[string]any{"line": 1, "character": 4}, "end": map[string]any{"line": 1, "character": 8}}, "text": "log",
		}},
	})
	if found := e.findings(); !strings.Contains(found, `"version":2`) || strings.Contains(found, "command.unknown") {
		t.Errorf("findings: %s", found)
	}
	holds("completion", e.ask("textDocument/completion", place(2, 18)), `"label":"order"`)
	holds("hover", e.ask("textDocument/hover", place(1, 5)), "Writes a line to the log.")
	holds("definition", e.ask("textDocument/definition", place(2, 20)), uri("order.pi.yaml"))
	tests := uri("lead.test.yaml")
	e.send(nil, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": tests, "languageId": "yaml", "version": 1, "text": "cases:\n  - name: x\n    given: {bdy: 1}\n    mocks:\n      - command: lo\n    expect: {status: done}\n",
	}})
	holds("findings of tests", e.findings(), `has no \"bdy\"`)
	inTests := func(line, character int) any {
		return map[string]any{"textDocument": map[string]any{"uri": tests}, "position": map[string]any{"line": line, "character": character}}
	}
	holds("completion in tests", e.ask("textDocument/completion", inTests(2, 15)), `"newText":"body"`)
	holds("completion in tests", e.ask("textDocument/completion", inTests(4, 18)), `"newText":"log"`)
	holds("hover in tests", e.ask("textDocument/hover", inTests(5, 14)), "How the run ended.")
	e.send(nil, "textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": lead}})
	holds("findings", e.findings(), `"diagnostics":[]`)
	holds("shutdown", e.ask("shutdown", nil), `"result":null`)
	e.send(nil, "exit", nil)
	if err := cmd.Wait(); err != nil {
		t.Errorf("pi lsp ended with %v: %s", err, stderr.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("it wrote to standard error: %s", stderr.String())
	}
}
