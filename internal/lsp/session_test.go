package lsp_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/lsp"
)

// patience bounds every wait for something that a healthy server does at once.
const patience = 90 * time.Second

// session is an editor that talks to a server.
type session struct {
	t        *testing.T
	in       io.WriteCloser
	messages chan message
	ended    chan error
	id       int
	kept     []message // notifications that came while something else was waited for
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func start(t *testing.T) *session {
	t.Helper()
	o := lsp.OptionsOfTests(t)
	o.Debounce = 5 * time.Millisecond
	fromEditor, toServer := io.Pipe()
	fromServer, toEditor := io.Pipe()
	s := &session{t: t, in: toServer, messages: make(chan message, 100), ended: make(chan error, 1)}
	server := lsp.New(o)
	go func() {
		err := server.Run(t.Context(), fromEditor, toEditor)
		toEditor.Close()
		s.ended <- err
	}()
	go s.read(bufio.NewReader(fromServer))
	t.Cleanup(func() { toServer.Close() })
	return s
}

func (s *session) read(r *bufio.Reader) {
	defer close(s.messages)
	for {
		var size int
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimSpace(line); line == "" {
				break
			}
			fmt.Sscanf(line, "Content-Length: %d", &size)
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			s.t.Errorf("the server wrote %q", text)
			return
		}
		s.messages <- m
	}
}

func (s *session) raw(text string) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) send(m map[string]any) {
	s.t.Helper()
	m["jsonrpc"] = "2.0"
	text, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	s.raw(string(text))
}

func (s *session) notify(method string, params any) {
	s.t.Helper()
	s.send(map[string]any{"method": method, "params": params})
}

// next gives the next message that is wanted, and keeps the others.
func (s *session) next(wanted func(message) bool) message {
	s.t.Helper()
	for i, m := range s.kept {
		if wanted(m) {
			s.kept = append(s.kept[:i], s.kept[i+1:]...)
			return m
		}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case m, ok := <-s.messages:
			if !ok {
				s.t.Fatal("the server went away")
			}
			if wanted(m) {
				return m
			}
			s.kept = append(s.kept, m)
		case <-timer.C:
			s.t.Fatal("the server does not answer")
		}
	}
}

// ask sends a request and gives its answer.
func (s *session) ask(method string, params any) message {
	s.t.Helper()
	s.id++
	id := fmt.Sprint(s.id)
	m := map[string]any{"id": s.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	s.send(m)
	return s.next(func(m message) bool { return m.Method == "" && string(m.ID) == id })
}

type diagnostic struct {
	Range struct {
		Start, End struct{ Line, Character int }
	}
	Severity int
	Code     string
	Message  string
}

// found waits for the findings of a version of a document.
func (s *session) found(uri string, version int) []diagnostic {
	s.t.Helper()
	var p struct {
		URI         string
		Version     *int
		Diagnostics []diagnostic
	}
	s.next(func(m message) bool {
		if m.Method != "textDocument/publishDiagnostics" || json.Unmarshal(m.Params, &p) != nil {
			return false
		}
		return p.URI == uri && (version < 0 && p.Version == nil || p.Version != nil && *p.Version == version)
	})
	return p.Diagnostics
}

func (s *session) initialize(root string) {
	s.t.Helper()
	params := map[string]any{"capabilities": map[string]any{
		"textDocument": map[string]any{"documentSymbol": map[string]any{"hierarchicalDocumentSymbolSupport": true}},
		"workspace":    map[string]any{"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true}},
	}}
	if root != "" {
		params["workspaceFolders"] = []any{map[string]any{"uri": fileURI(root), "name": "w"}}
	}
	if m := s.ask("initialize", params); m.Error != nil || !strings.Contains(string(m.Result), `"completionProvider"`) {
		s.t.Fatalf("initialize: %s %v", m.Result, m.Error)
	}
	s.notify("initialized", map[string]any{})
	m := s.next(func(m message) bool { return m.Method == "client/registerCapability" })
	if !strings.Contains(string(m.Params), "**/*.pi.yaml") {
		s.t.Errorf("the server watches %s", m.Params)
	}
	s.send(map[string]any{"id": m.ID, "result": nil})
}

func (s *session) openText(uri, text string) {
	s.t.Helper()
	s.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
}

func (s *session) finish() {
	s.t.Helper()
	if m := s.ask("shutdown", nil); m.Error != nil {
		s.t.Fatalf("shutdown: %v", m.Error)
	}
	s.notify("exit", nil)
	if err := s.end(); err != nil {
		s.t.Errorf("the server ended with %v", err)
	}
}

func (s *session) end() error {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-s.ended:
		return err
	case <-timer.C:
		s.t.Fatal("the server does not end")
		return nil
	}
}

func fileURI(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

func at(uri string, line, character int) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": line, "character": character}}
}

func edit(line, from, to int, text string) map[string]any {
	return map[string]any{
		"range": map[string]any{"start": map[string]any{"line": line, "character": from}, "end": map[string]any{"line": line, "character": to}},
		"text":  text,
	}
}

func changed(uri string, version int, changes ...map[string]any) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": uri, "version": version}, "contentChanges": changes}
}

// TestSession is a day with an editor: open, findings, repair, completion, other files, close.
func TestSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		full := filepath.Join(dir, "my größe", "pipelines", name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return fileURI(full)
	}
	order := write("sales/order.pi.yaml", "pipeline:\n  - log\n")
	lead := write("lead.pi.yaml", "pipeline:\n  - log\n")
	s := start(t)
	s.initialize(dir)

	s.openText(lead, "pipeline:\n  - log: für 😀\n  - logg: {message: \"für 😀\", levl: x}\n  - pipeline.run: sales.order\n")
	found := s.found(lead, 1)
	if len(found) != 1 || found[0].Code != "command.unknown" {
		t.Fatalf("found %+v", found)
	}
	if r := found[0].Range; r.Start.Line != 2 || r.Start.Character != 4 || r.End.Character != 8 {
		t.Errorf("it stands at %+v", r)
	}
	m := s.ask("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": lead}, "range": found[0].Range, "context": map[string]any{"diagnostics": found}})
	if !strings.Contains(string(m.Result), `"newText":"log"`) || !strings.Contains(string(m.Result), `"title":"write log"`) {
		t.Errorf("repairs: %s", m.Result)
	}

	// the repair, and a wrong parameter behind an emoji
	s.notify("textDocument/didChange", changed(lead, 2, edit(2, 4, 8, "log")))
	found = s.found(lead, 2)
	if len(found) != 1 || found[0].Code != "command.param" || found[0].Range.Start.Character != 29 || found[0].Range.End.Character != 33 {
		t.Fatalf("found %+v", found)
	}
	s.notify("textDocument/didChange", changed(lead, 3, edit(2, 29, 36, "level: WARN")))
	if found = s.found(lead, 3); len(found) != 0 {
		t.Fatalf("found %+v", found)
	}

	s.notify("textDocument/didChange", changed(lead, 4, edit(4, 0, 0, "  - lo")))
	if m = s.ask("textDocument/completion", at(lead, 4, 6)); !strings.Contains(string(m.Result), `"newText":"log: "`) {
		t.Errorf("completion: %.300s", m.Result)
	}
	if m = s.ask("textDocument/hover", at(lead, 2, 5)); !strings.Contains(string(m.Result), "**log**") {
		t.Errorf("hover: %s", m.Result)
	}
	if m = s.ask("textDocument/hover", at(lead, 0, 30)); string(m.Result) != "null" {
		t.Errorf("hover over nothing: %s", m.Result)
	}
	if m = s.ask("textDocument/definition", at(lead, 3, 22)); !strings.Contains(string(m.Result), order) {
		t.Errorf("definition: %s, not %s", m.Result, order)
	}
	if m = s.ask("textDocument/documentSymbol", at(lead, 0, 0)); !strings.Contains(string(m.Result), `"children"`) {
		t.Errorf("symbols: %s", m.Result)
	}
	s.found(lead, 4)
	s.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": lead}})
	if found = s.found(lead, -1); len(found) != 0 {
		t.Errorf("a closed document has %+v", found)
	}
	if m = s.ask("textDocument/hover", at(lead, 2, 5)); m.Error == nil || m.Error.Code != -32602 {
		t.Errorf("a closed document: %s %v", m.Result, m.Error)
	}
	s.finish()
}

// TestWebhookFile judges and completes a file that declares a webhook.
func TestWebhookFile(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.initialize("")
	const uri = "file:///w/leads.webhook.yaml"
	s.openText(uri, "eventKey: webhook.lead\ntoken: env:LEAD\npayloadTyp: raw\n")
	if found := s.found(uri, 1); len(found) != 1 || found[0].Code != "webhook.invalid" || found[0].Range.Start.Line != 2 {
		t.Errorf("found %+v", found)
	}
	s.notify("textDocument/didChange", changed(uri, 2, map[string]any{"text": "eventKey: webhook.lead\ntoken: env:LEAD\npayloadType: ra\n"}))
	if m := s.ask("textDocument/completion", at(uri, 2, 15)); !strings.Contains(string(m.Result), `"newText":"raw"`) {
		t.Errorf("completion: %s", m.Result)
	}
	s.finish()
}

// TestBadMessages: what is no message, or none that can come now, is answered and nothing more.
func TestBadMessages(t *testing.T) {
	t.Parallel()
	s := start(t)
	refused := func(what string, code int) {
		t.Helper()
		m := s.next(func(m message) bool { return m.Method == "" })
		if m.Error == nil || m.Error.Code != code {
			t.Errorf("%s: %s %+v", what, m.Result, m.Error)
		}
	}
	s.raw(`{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}}`)
	refused("before initialize", -32002)
	s.raw(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{}}`)
	s.initialize("")
	for text, code := range map[string]int{
		`{"jsonrpc":`: -32700,
		``:            -32700,
		`[]`:          -32600,
		`[{"jsonrpc":"2.0","id":3,"method":"shutdown"}]`: -32600,
		`"x"`:               -32600,
		`{"jsonrpc":"2.0"}`: -32600,
		`{"jsonrpc":"2.0","id":{},"method":"shutdown"}`:                                      -32600,
		`{"jsonrpc":"2.0","id":4,"method":"textDocument/rename","params":{}}`:                -32601,
		`{"jsonrpc":"2.0","id":5,"method":"textDocument/hover","params":[1]}`:                -32602,
		`{"jsonrpc":"2.0","id":6,"method":"textDocument/hover"}`:                             -32602,
		`{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":{}}`:                 -32602,
		`{"jsonrpc":"2.0","id":8,"method":"initialize","params":{}}`:                         -32600,
		`{"jsonrpc":"2.0","id":"a","method":"textDocument/codeAction","params":{"range":7}}`: -32602,
	} {
		s.raw(text)
		refused(text, code)
	}
	s.notify("textDocument/didChange", changed("file:///nothing", 2))
	s.notify("$/progress", map[string]any{})
	s.finish()
}

// TestEnds: an editor that goes away without the words of the protocol, and one that says exit at once.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, talk := range map[string]func(*session){
		"gone at once":       func(s *session) { s.in.Close() },
		"gone":               func(s *session) { s.initialize(""); s.in.Close() },
		"exit without words": func(s *session) { s.initialize(""); s.notify("exit", nil) },
		"no frame":           func(s *session) { s.initialize(""); io.WriteString(s.in, "GET / HTTP/1.1\r\n\r\n") },
		"endless header": func(s *session) {
			go func() { io.WriteString(s.in, strings.Repeat("x", 1<<20)) }() // the server does not read it all
		},
	} {
		s := start(t)
		talk(s)
		if err := s.end(); !errors.Is(err, lsp.ErrNotShutDown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := start(t)
	s.initialize("")
	s.ask("shutdown", nil)
	if m := s.ask("textDocument/hover", at("file:///x", 0, 0)); m.Error == nil || m.Error.Code != -32600 {
		t.Errorf("after shutdown: %s %v", m.Result, m.Error)
	}
	s.in.Close()
	if err := s.end(); err != nil {
		t.Errorf("gone after shutdown: %v", err)
	}
}

// TestHugeText: one that no pipeline has is refused and costs nothing; the server goes on.
func TestHugeText(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.initialize("")
	const uri = "file:///w/pipelines/huge.pi.yaml"
	s.openText(uri, "pipeline:\n  - log\n"+strings.Repeat("# x\n", 300_000))
	if found := s.found(uri, 1); len(found) != 1 || !strings.Contains(found[0].Message, "larger than") {
		t.Errorf("found %+v", found)
	}
	if m := s.ask("textDocument/completion", at(uri, 1, 5)); !strings.Contains(string(m.Result), `"items":[]`) {
		t.Errorf("completion: %.100s", m.Result)
	}
	s.notify("textDocument/didChange", changed(uri, 2, map[string]any{"text": "pipeline:\n  - log: " + strings.Repeat("x", 3<<20) + "\n"}))
	if found := s.found(uri, 2); len(found) != 1 || !strings.Contains(found[0].Message, "too large") {
		t.Errorf("found %+v", found)
	}
	if m := s.ask("textDocument/hover", at(uri, 1, 5)); m.Error != nil || string(m.Result) != "null" {
		t.Errorf("hover: %s %v", m.Result, m.Error)
	}
	s.notify("textDocument/didChange", changed(uri, 3, map[string]any{"text": "pipeline:\n  - log\n"}))
	if found := s.found(uri, 3); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	s.finish()
}

// TestTyping: of a quick writer's texts the last one is judged, and edits arrive in their order.
func TestTyping(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.initialize("")
	const uri = "file:///w/pipelines/typing.pi.yaml"
	const text = "pipeline:\r\n  - set: \"ä😀 ${body}\"\r\n"
	s.openText(uri, "")
	line, character := 0, 0
	version := 1
	for _, r := range strings.ReplaceAll(text, "\r\n", "\n") {
		version++
		typed := string(r)
		if r == '\n' {
			typed = "\r\n"
		}
		s.notify("textDocument/didChange", changed(uri, version, edit(line, character, character, typed)))
		switch {
		case r == '\n':
			line, character = line+1, 0
		case r > 0xffff:
			character += 2
		default:
			character++
		}
	}
	if found := s.found(uri, version); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if m := s.ask("textDocument/hover", at(uri, 1, 18)); !strings.Contains(string(m.Result), "**body**") {
		t.Errorf("hover: %s", m.Result)
	}
	s.finish()
}

// TestOtherFiles: what the other files say counts, as the disk has them or as they are in other windows.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	order := filepath.Join(dir, "order.pi.yaml")
	if err := os.WriteFile(order, []byte("pipeline:\n  - log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lead := fileURI(filepath.Join(dir, "lead.pi.yaml"))
	s := start(t)
	s.initialize(dir)
	s.openText(lead, "pipeline:\n  - pipeline.run: order\n  - pipeline.run: ordr\n")
	if found := s.found(lead, 1); len(found) != 1 || found[0].Code != "pipeline.unknown" || found[0].Range.Start.Line != 2 {
		t.Fatalf("found %+v", found)
	}
	s.notify("textDocument/didChange", changed(lead, 2, edit(2, 0, 99, "")))
	if found := s.found(lead, 2); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if err := os.Remove(order); err != nil {
		t.Fatal(err)
	}
	s.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": fileURI(order), "type": 3}}})
	found := s.found(lead, 2)
	if len(found) != 1 || found[0].Code != "pipeline.unknown" {
		t.Errorf("found %+v", found)
	}
	s.openText(fileURI(order), "pipeline:\n  - exit\n")
	for len(found) != 0 {
		found = s.found(lead, 2)
	}
	s.finish()
}
