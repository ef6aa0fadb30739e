package lsp

import (
	"context"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/penstock/penstock/runtime/pipeline"
)

func (s *Server) open(p openParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &document{uri: p.TextDocument.URI, path: nameOf(p.TextDocument.URI), version: p.TextDocument.Version, open: true}
	d.set(p.TextDocument.Text)
	s.files.open[d.uri] = d
	s.changed()
	return nil, nil
}

// set gives a document its text, or refuses one that is too large.
func (d *document) set(content string) {
	d.facts = nil
	if d.refused = len(content) > maxOpen; d.refused {
		content = ""
	}
	d.text = newText(content)
}

// change takes changes one after the other. A changed document is a new one, so that whoever reads the old one
// is not disturbed.
func (s *Server) change(p changeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.files.open[p.TextDocument.URI]
	if old == nil {
		return nil, notOpen()
	}
	d := *old
	for _, c := range p.ContentChanges {
		switch {
		case c.Range == nil:
			d.set(c.Text)
		case !d.refused:
			d.set(d.text.replace(*c.Range, c.Text))
		}
	}
	d.version = p.TextDocument.Version
	s.files.open[d.uri] = &d
	s.changed()
	return nil, nil
}

func notOpen() error {
	return &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: "this document is not open"}
}

// close forgets the editor's text; what counts again is the disk.
func (s *Server) close(ctx context.Context, conn *jsonrpc2.Conn, p closeParams) (any, error) {
	s.mu.Lock()
	_, known := s.files.open[p.TextDocument.URI]
	delete(s.files.open, p.TextDocument.URI)
	delete(s.findings, p.TextDocument.URI)
	s.files.refresh(p.TextDocument.URI)
	s.mu.Unlock()
	if !known {
		return nil, notOpen()
	}
	s.changed()
	return nil, conn.Notify(ctx, "textDocument/publishDiagnostics", publishParams{URI: p.TextDocument.URI, Diagnostics: []diagnostic{}})
}

func (s *Server) watched(p watchedParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range p.Changes {
		s.files.refresh(c.URI)
	}
	s.changed()
	return nil, nil
}

func (s *Server) folders(p foldersParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range p.Event.Removed {
		s.files.removeRoot(f.URI)
	}
	for _, f := range p.Event.Added {
		s.files.addRoot(f.URI)
	}
	s.changed()
	return nil, nil
}

// document gives an open document that can be worked on; nil for one that is too large.
func (s *Server) document(uri string) (*document, error) {
	d := s.files.open[uri]
	if d == nil {
		return nil, notOpen()
	}
	if d.refused || len(d.text.s) > pipeline.MaxSize {
		return nil, nil
	}
	return d, nil
}

func (s *Server) completion(p placeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := completionList{Items: []completionItem{}}
	if d == nil {
		return out, nil
	}
	c := completer{
		words: s.words, around: view{s.files, d}, prefix: s.o.Lint.Deps.MessagePrefix,
		snippet: s.client.TextDocument.Completion.CompletionItem.SnippetSupport,
		text:    d.text, offset: d.text.offset(p.Position),
	}
	if items := c.complete(d.path); items != nil {
		out.Items = items
	}
	return out, nil
}

func (s *Server) hover(p placeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.document(p.TextDocument.URI)
	if d == nil || err != nil {
		return nil, err
	}
	if h, ok := s.words.hover(d.path, d.text, d.text.offset(p.Position)); ok {
		return h, nil
	}
	return nil, nil
}

func (s *Server) definition(p placeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.document(p.TextDocument.URI)
	if d == nil || err != nil {
		return nil, err
	}
	r := s.words.refers(d.path, d.text, d.text.offset(p.Position))
	switch {
	case r.node != nil:
		return location{d.uri, d.text.span(r.node.Inner, r.node.Inner+len(r.node.Text))}, nil
	case r.pipeline != "":
		if to := (view{s.files, d}).find(r.pipeline); to != nil {
			return location{to.uri, span{}}, nil
		}
	}
	return nil, nil
}

func (s *Server) documentSymbol(p placeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return []symbol{}, nil
	}
	tree := s.words.symbols(d.path, d.text)
	if !s.client.TextDocument.DocumentSymbol.Hierarchical {
		return append([]flatSymbol{}, flat(tree, d.uri)...), nil
	}
	return tree, nil
}
