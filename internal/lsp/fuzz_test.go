package lsp

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/sourcegraph/jsonrpc2"
	"golang.org/x/tools/txtar"
)

// FuzzMessages: whatever an editor says, framed or not, nothing fails in a way that nobody foresaw.
func FuzzMessages(f *testing.F) {
	f.Add(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///w/a.pi.yaml","version":1,"text":"pipeline:\n  - lo"}}}` + "\n" +
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/completion","params":{"textDocument":{"uri":"file:///w/a.pi.yaml"},"position":{"line":1,"character":6}}}`)
	f.Add(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"a"},"contentChanges":[{"range":{"start":{"line":-1}},"text":"x"}]}}`)
	f.Add(`{"jsonrpc":"2.0","id":"x","method":"textDocument/codeAction","params":{}}` + "\n[]\n{}\n7")
	f.Add(`{"jsonrpc":"2.0","id":9,"result":null}` + "\n" + `{"jsonrpc":"2.0","method":"workspace/didChangeWatchedFiles","params":{"changes":[{"uri":"file:///dev/zero"}]}}`)
	f.Add("Content-Length: 3\r\n\r\n{}")
	o := options(f)
	never, _ := io.Pipe()
	conn := jsonrpc2.NewConn(f.Context(), newStream(never, io.Discard, never.Close), handler{})
	f.Fuzz(func(t *testing.T, lines string) {
		h := handler{New(o), new(sync.WaitGroup)}
		if _, err := h.initialize(initializeParams{}); err != nil {
			t.Fatal(err)
		}
		var in strings.Builder
		for line := range strings.SplitSeq(lines, "\n") {
			fmt.Fprintf(&in, "Content-Length: %d\r\n\r\n%s", len(line), line)
		}
		in.WriteString(lines)
		messages := newStream(strings.NewReader(in.String()), io.Discard, nil)
		for {
			var req jsonrpc2.Request
			if err := messages.ReadObject(&req); err != nil {
				break
			}
			if req.Method == "workspace/didChangeWorkspaceFolders" || req.Method == "exit" {
				continue // a scan of the disk, and the end
			}
			if _, err := h.safely(t.Context(), conn, &req); err != nil && strings.Contains(err.Error(), "nobody foresaw") {
				t.Fatal(err)
			}
		}
		h.background.Wait()
	})
}

// FuzzAnswers: every question about every place of every text has an answer, and edits stay within the text.
func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"testdata/complete.txtar", "testdata/hover.txtar", "testdata/define.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if at := strings.IndexByte(string(file.Data), '|'); at >= 0 {
				f.Add(strings.Replace(string(file.Data), "|", "", 1), at)
			}
		}
	}
	words := newVocabulary(options(f).Registry)
	files := newWorkspace(words, "/w")
	files.addRoot("file:///w")
	files.put("/w/other.pi.yaml", "pipeline:\n  - event.listen: a.b\n")
	f.Fuzz(func(t *testing.T, s string, offset int) {
		if !utf8.ValidString(s) || len(s) > 4096 {
			return
		}
		tx := newText(s)
		offset = tx.offset(tx.position(offset))
		for _, file := range []string{"/w/a.pi.yaml", "/w/a.webhook.yaml"} {
			d := &document{uri: uriOf(file), path: file, text: tx, open: true}
			c := completer{words: words, around: view{files, d}, snippet: true, text: tx, offset: offset}
			for _, item := range c.complete(file) {
				from, to := tx.offset(item.TextEdit.Range.Start), tx.offset(item.TextEdit.Range.End)
				if from > offset || to < offset {
					t.Fatalf("%s is put from %d to %d, not at %d", item.Label, from, to, offset)
				}
			}
			words.hover(file, tx, offset)
			words.refers(file, tx, offset)
			if _, err := json.Marshal(words.symbols(file, tx)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// pipelineText is a pipeline of about 200 lines.
func pipelineText() string {
	var b strings.Builder
	b.WriteString("vars:\n  total: 0\npipeline:\n  - event.listen:\n      eventKey: webhook.order.created\n")
	for i := range 24 {
		fmt.Fprintf(&b, "  - foreach:\n      in: ${body.payload.items%d}\n      as: item%d\n      do:\n        - log: \"für ${vars.item%d.name}\"\n"+
			"        - var.set:\n            key: total\n            value: ${vars.total + @calc.round(vars.item%d.price, 2)}\n", i, i, i, i)
	}
	b.WriteString("  - set: ${vars.to}\n")
	return b.String()
}

func BenchmarkCompletion(b *testing.B) {
	words := newVocabulary(options(b).Registry)
	tx := newText(pipelineText())
	d := &document{uri: "file:///w/a.pi.yaml", path: "/w/a.pi.yaml", text: tx, open: true}
	files := newWorkspace(words, "/w")
	at := strings.LastIndex(tx.s, "vars.to") + len("vars.to")
	b.ReportAllocs()
	for b.Loop() {
		c := completer{words: words, around: view{files, d}, text: tx, offset: at}
		if len(c.complete(d.path)) == 0 {
			b.Fatal("nothing is proposed")
		}
	}
}

// BenchmarkDiagnostics judges a pipeline of 200 lines anew for each character that is typed, beside 50 that stay.
func BenchmarkDiagnostics(b *testing.B) {
	s := New(options(b))
	s.files.addRoot("file:///w")
	for i := range 50 {
		s.files.put(fmt.Sprintf("/w/pipelines/p%d.pi.yaml", i), pipelineText())
	}
	j := &judge{Server: s}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		s.files.put("/w/pipelines/typed.pi.yaml", strings.Replace(pipelineText(), "total: 0", fmt.Sprintf("total: %d", n), 1))
		j.check(s.files.lintFiles(), nil)
	}
}
