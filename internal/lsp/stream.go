package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// The limits of a message.
const (
	maxMessage = 64 << 20
	maxHeader  = 8 << 10
)

// stream frames messages as the protocol asks for it. What is no message is answered with an error and left
// out, so that the reader goes on behind it.
type stream struct {
	in  *bufio.Reader
	end func() error

	mu  sync.Mutex
	out io.Writer
}

func newStream(in io.Reader, out io.Writer, end func() error) *stream {
	return &stream{in: bufio.NewReader(in), out: out, end: end}
}

// Close ends the stream. What it reads from and writes to belongs to the caller.
func (s *stream) Close() error { return s.end() }

// WriteObject writes one message.
func (s *stream) WriteObject(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = fmt.Fprintf(s.out, "Content-Length: %d\r\n\r\n%s", len(text), text)
	return err
}

// ReadObject reads the next message that is one.
func (s *stream) ReadObject(v any) error {
	for {
		size, err := s.header()
		if err != nil {
			return err
		}
		if size > maxMessage {
			if _, err := io.CopyN(io.Discard, s.in, size); err != nil {
				return err
			}
			if err := s.refuse(nil, jsonrpc2.CodeInvalidRequest, "the message is larger than %d MiB", maxMessage>>20); err != nil {
				return err
			}
			continue
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(s.in, text); err != nil {
			return err
		}
		if !json.Valid(text) {
			if err := s.refuse(nil, jsonrpc2.CodeParseError, "the message is not JSON"); err != nil {
				return err
			}
			continue
		}
		if err := json.Unmarshal(text, v); err == nil {
			return nil
		}
		var head struct{ ID json.RawMessage }
		_ = json.Unmarshal(text, &head) // a list has none
		if err := s.refuse(head.ID, jsonrpc2.CodeInvalidRequest, "the message is neither a request nor an answer"); err != nil {
			return err
		}
	}
}

// refuse answers what is no message.
func (s *stream) refuse(id json.RawMessage, code int, format string, args ...any) error {
	if id == nil {
		id = json.RawMessage("null")
	}
	return s.WriteObject(map[string]any{
		"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": fmt.Sprintf(format, args...)},
	})
}

var errFrame = errors.New("the frame of a message cannot be read")

// header reads the lines in front of a message and gives its size.
func (s *stream) header() (size int64, err error) {
	size = -1
	for read := 0; ; {
		line, err := s.line()
		switch {
		case errors.Is(err, io.EOF) && read == 0 && line == "":
			return 0, io.EOF
		case err != nil:
			return 0, err
		}
		if read += len(line); read > maxHeader {
			return 0, errFrame
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if size < 0 {
				return 0, errFrame
			}
			return size, nil
		}
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			if size, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil || size < 0 {
				return 0, errFrame
			}
		}
	}
}

// line reads one line of a header.
func (s *stream) line() (string, error) {
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errFrame
	}
	return string(line), err
}
