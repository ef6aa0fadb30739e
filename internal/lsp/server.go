package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// Options is what a server knows. Registry and Lint are required.
type Options struct {
	Registry  *command.Registry
	Lint      lint.Setup
	Pipelines string // absolute path of the folder whose files are one set; empty = none is known
	Forms     []Form // further ones than that of declared webhooks
	Version   string
	Logger    *slog.Logger  // nil discards
	Debounce  time.Duration // how long an editor has to be quiet before files are judged; 200 ms
}

// ErrNotShutDown says that the editor went away without the words of the protocol.
var ErrNotShutDown = errors.New("the editor ended the connection without a shutdown")

// The codes of the protocol beside those of JSON-RPC.
const codeNotInitialized = -32002

// Server is a language server for one editor.
type Server struct {
	o     Options
	words *vocabulary
	wake  chan struct{} // something changed; holds one

	mu       sync.Mutex
	client   clientFeatures
	phase    phase
	files    *workspace
	findings map[string]judged // by URI
}

type phase int

const (
	fresh phase = iota
	initialized
	shutDown
	exited
)

// New makes a server. It starts nothing.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Debounce == 0 {
		o.Debounce = 200 * time.Millisecond
	}
	if o.Lint.Deps.MessagePrefix == "" {
		o.Lint.Deps.MessagePrefix = pipeline.DefaultMessagePrefix
	}
	words := newVocabulary(o.Registry, o.Forms...)
	return &Server{
		o: o, words: words, wake: make(chan struct{}, 1),
		files: newWorkspace(words, o.Pipelines), findings: map[string]judged{},
	}
}

// Run serves the editor until it says exit, goes away, or ctx ends. It returns ErrNotShutDown when the editor
// did not say shutdown first. A server runs once. in is read on until its end even after Run has returned.
func (s *Server) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()

	conn := jsonrpc2.NewConn(ctx, newStream(in, out, func() error { stop(); return nil }), handler{s, &background}, jsonrpc2.SetLogger(logger{s.o.Logger}))
	background.Go(func() { s.judgeAll(ctx, conn) })
	select {
	case <-conn.DisconnectNotify():
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == fresh || s.phase == initialized {
		return ErrNotShutDown
	}
	return nil
}

type logger struct{ *slog.Logger }

func (l logger) Printf(format string, args ...any) {
	l.Debug("the connection has something to say", "text", fmt.Sprintf(format, args...))
}

// handler takes one message after the other, so that texts change in the order of the editor.
type handler struct {
	*Server
	background *sync.WaitGroup
}

// Handle answers a request, or takes a notification.
func (h handler) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	result, err := h.safely(ctx, conn, req)
	if req.Notif {
		if err != nil {
			h.o.Logger.Debug("a notification was not understood", "method", req.Method, "error", err)
		}
		return
	}
	var failure *jsonrpc2.Error
	switch {
	case errors.As(err, &failure):
		err = conn.ReplyWithError(ctx, req.ID, failure)
	case err != nil:
		err = conn.ReplyWithError(ctx, req.ID, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: err.Error()})
	default:
		err = conn.Reply(ctx, req.ID, result)
	}
	if err != nil {
		h.o.Logger.Debug("an answer could not be sent", "method", req.Method, "error", err)
	}
}

// safely keeps a fault of our own from ending the server.
func (h handler) safely(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.o.Logger.Error("answering the editor failed in a way that nobody foresaw", "method", req.Method, "panic", p, "stack", string(debug.Stack()))
			result, err = nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: "the server failed in a way that nobody foresaw"}
		}
	}()
	if req.Method == "exit" {
		h.mu.Lock()
		if h.phase == shutDown {
			h.phase = exited
		}
		h.mu.Unlock()
		return nil, conn.Close()
	}
	h.mu.Lock()
	now := h.phase
	h.mu.Unlock()
	switch {
	case req.Method == "initialize" && now == fresh:
		return take(req, h.initialize)
	case now == fresh:
		return nil, &jsonrpc2.Error{Code: codeNotInitialized, Message: "the first message has to be initialize"}
	case req.Method == "initialize", now == shutDown:
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "this message cannot come now: " + req.Method}
	}
	return h.dispatch(ctx, conn, req)
}

func (h handler) dispatch(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) (any, error) {
	switch req.Method {
	case "initialized":
		h.background.Go(func() { h.register(ctx, conn) })
		return nil, nil
	case "shutdown":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.phase = shutDown
		return nil, nil
	case "$/cancelRequest", "$/setTrace", "textDocument/didSave", "workspace/didChangeConfiguration":
		return nil, nil // every answer is given before the next message is read
	case "textDocument/didOpen":
		return take(req, h.open)
	case "textDocument/didChange":
		return take(req, h.change)
	case "textDocument/didClose":
		return take(req, func(p closeParams) (any, error) { return h.close(ctx, conn, p) })
	case "workspace/didChangeWatchedFiles":
		return take(req, h.watched)
	case "workspace/didChangeWorkspaceFolders":
		return take(req, h.folders)
	case "textDocument/completion":
		return take(req, h.completion)
	case "textDocument/hover":
		return take(req, h.hover)
	case "textDocument/definition":
		return take(req, h.definition)
	case "textDocument/documentSymbol":
		return take(req, h.documentSymbol)
	case "textDocument/codeAction":
		return take(req, h.codeAction)
	}
	return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "this server does not know the method " + req.Method}
}

// take decodes the parameters of a message for what handles it.
func take[P any](req *jsonrpc2.Request, handle func(P) (any, error)) (any, error) {
	var p P
	if req.Params == nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: "the parameters are missing"}
	}
	if err := json.Unmarshal(*req.Params, &p); err != nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: "the parameters cannot be read"}
	}
	return handle(p)
}

func (s *Server) initialize(p initializeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Logger.Debug("serving an editor", "folders", len(p.WorkspaceFolders))
	s.phase, s.client = initialized, p.Capabilities
	for _, f := range p.WorkspaceFolders {
		s.files.addRoot(f.URI)
	}
	if len(p.WorkspaceFolders) == 0 && p.RootURI != "" {
		s.files.addRoot(p.RootURI)
	}
	return initializeResult{
		Capabilities: map[string]any{
			"positionEncoding":       "utf-16",
			"textDocumentSync":       map[string]any{"openClose": true, "change": 2, "save": map[string]any{}},
			"completionProvider":     map[string]any{"triggerCharacters": []string{".", "@", "{", ":", " ", "-"}},
			"hoverProvider":          true,
			"definitionProvider":     true,
			"documentSymbolProvider": true,
			"codeActionProvider":     map[string]any{"codeActionKinds": []string{"quickfix"}},
			"workspace":              map[string]any{"workspaceFolders": map[string]any{"supported": true, "changeNotifications": true}},
		},
		ServerInfo: serverInfo{"pi lsp", s.o.Version},
	}, nil
}

// register asks the editor to tell of files that change on the disk.
func (s *Server) register(ctx context.Context, conn *jsonrpc2.Conn) {
	s.mu.Lock()
	able := s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration
	s.mu.Unlock()
	if !able {
		return
	}
	var watchers []map[string]any
	for _, suffix := range suffixes() {
		watchers = append(watchers, map[string]any{"globPattern": "**/*" + suffix})
	}
	err := conn.Call(ctx, "client/registerCapability", map[string]any{"registrations": []map[string]any{{
		"id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": map[string]any{"watchers": watchers},
	}}}, nil)
	if err != nil && ctx.Err() == nil {
		s.o.Logger.Warn("the editor does not tell of files that change on the disk", "error", err)
	}
}

// changed has the files judged once the editor is quiet.
func (s *Server) changed() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
