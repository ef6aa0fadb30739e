package judge

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
)

// maxRequest is the size of a request that is read at most, in bytes.
const maxRequest = 16 << 20

// Request is one request as the door would see it. It may be used by one goroutine.
type Request struct {
	method, target string
	header         fields
	body           []byte

	reason, detail string   // why the gate refuses it; empty = it passes
	notes          []string // what was mended to read the file
}

// Read parses a raw HTTP/1.1 request: its line, the header fields, an empty line, the body. Line ends
// of a head that an editor made bare are taken as CRLF. A request that the door's parser or gate refuses
// is still given: Judge tells the reason. The error is for a file that holds no request at all.
func Read(raw []byte) (*Request, error) {
	if len(raw) > maxRequest {
		return nil, fmt.Errorf("the request has more than %d bytes", maxRequest)
	}
	r := &Request{}
	head, body, err := r.split(raw)
	if err != nil {
		return nil, err
	}
	var parsed fasthttp.Request
	parsed.Header.SetNoDefaultContentType(true)
	wire := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head), bytes.NewReader(body)), len(head)+4096)
	parseErr := parsed.ReadLimitBody(wire, maxRequest)
	r.method, r.target, r.header = lineOf(head), targetOf(head), fieldsOf(head)
	limits := front.Options{}.WithDefaults()
	_, lines, _ := bytes.Cut(head, []byte("\r\n"))
	if v := front.Check([]byte(r.method), []byte(r.target), []byte(protocolOf(head)), lines, limits.MaxFields); v.Status != 0 {
		r.reason, r.detail = v.Reason, "the gate in front of all checks refuses such a head"
		return r, nil
	}
	switch {
	case errors.Is(parseErr, io.ErrUnexpectedEOF) || errors.Is(parseErr, io.EOF):
		r.reason, r.detail = "body.short", "the body is shorter than the Content-Length says"
		return r, nil
	case parseErr != nil:
		r.reason, r.detail = "http.malformed", "the door's parser cannot read the request"
		return r, nil //nolint:nilerr // the refusal is the result
	}
	r.body = bytes.Clone(parsed.Body())
	if rest, _ := io.ReadAll(wire); len(rest) > 0 {
		r.notes = append(r.notes, fmt.Sprintf("the file holds %d more bytes behind the body; on a connection they would begin another request", len(rest)))
	}
	return r, nil
}

// Target is the path and query, as on the wire.
func (r *Request) Target() string { return r.target }

// split finds the head and makes it one that a parser takes.
func (r *Request) split(raw []byte) (head, body []byte, err error) {
	at, size := bytes.Index(raw, []byte("\r\n\r\n")), 4
	if lf := bytes.Index(raw, []byte("\n\n")); lf >= 0 && (at < 0 || lf < at) {
		at, size = lf, 2
	}
	switch {
	case at >= 0:
		head, body = raw[:at], raw[at+size:]
	default:
		head = bytes.TrimRight(raw, "\r\n")
	}
	if !bytes.Contains(head, []byte("\r")) && bytes.Contains(head, []byte("\n")) {
		head = bytes.ReplaceAll(head, []byte("\n"), []byte("\r\n"))
		r.notes = append(r.notes, "the lines of the head end in bare line feeds; they were read as CRLF")
	}
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	if len(strings.Fields(string(line))) != 3 || !bytes.Contains(line, []byte(" HTTP/")) {
		return nil, nil, errors.New("the file does not begin with a request line such as POST /hooks/x HTTP/1.1")
	}
	if len(body) > 0 && !hasLength(head) {
		head = fmt.Appendf(head[:len(head):len(head)], "\r\nContent-Length: %d", len(body))
	}
	return append(head[:len(head):len(head)], "\r\n\r\n"...), body, nil
}

func hasLength(head []byte) bool {
	f := fieldsOf(head)
	return len(f["Content-Length"]) > 0 || len(f["Transfer-Encoding"]) > 0
}

func lineOf(head []byte) string { return word(head, 0) }

func targetOf(head []byte) string { return word(head, 1) }

func protocolOf(head []byte) string { return word(head, 2) }

func word(head []byte, n int) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	words := strings.Fields(string(line))
	if n >= len(words) {
		return ""
	}
	return words[n]
}

// fields are header fields by canonical name; it is the verify.Header of a kept request.
type fields map[string][]string

func fieldsOf(head []byte) fields {
	out := fields{}
	for i, line := range strings.Split(strings.TrimRight(string(head), "\r\n"), "\r\n") {
		name, v, ok := strings.Cut(line, ":")
		if i == 0 || !ok {
			continue
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		out[name] = append(out[name], strings.Trim(v, " \t"))
	}
	return out
}

// Field gives the first value of a field and how often it occurs.
func (f fields) Field(name string) ([]byte, int) {
	values := f[textproto.CanonicalMIMEHeaderKey(name)]
	if len(values) == 0 {
		return nil, 0
	}
	return []byte(values[0]), len(values)
}

// Values gives all values of a field.
func (f fields) Values(name string) [][]byte {
	values := f[textproto.CanonicalMIMEHeaderKey(name)]
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = []byte(v)
	}
	return out
}
