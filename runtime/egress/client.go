package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// Client asks other servers. Make one with [New] and share it: it may be used from many goroutines, and
// requests share its connections. A connection belongs to the host and port that it was judged for and
// stays on the address that was judged, so its reuse skips nothing.
type Client struct {
	options   Options
	guard     *guard
	slots     *slots
	transport *http.Transport
	watch     func(netip.AddrPort) error // of tests: sees each address that passed, right before it is connected to
}

// New makes a client that opens nothing yet.
func New(o Options) *Client {
	c := &Client{options: o.withDefaults()}
	c.guard = newGuard(&c.options)
	c.slots = newSlots(c.options.Concurrency, c.options.PerHost)
	c.transport = &http.Transport{
		Proxy:                  nil, // also none from the environment: it would be connected to in the target's place
		DialContext:            c.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.options.RootCAs},
		TLSHandshakeTimeout:    c.options.Timeout,
		DisableCompression:     true, // an answer is as large as it is on the wire
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: int64(c.options.MaxHeader),
		Protocols:              new(http.Protocols), // HTTP/1.1: no connection is shared between names
	}
	c.transport.Protocols.SetHTTP1(true)
	return c
}

// Close closes the connections that no request uses. The client stays usable.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Request is one question.
type Request struct {
	Method string // empty means GET
	URL    string // absolute; never in an error as a whole
	Header http.Header
	Body   []byte // sent again to the same origin when a redirect asks for it
	// MaxBody is the size of the answer's body that is taken, in bytes; 0 means the client's.
	MaxBody int
	// Stay gives a redirect back as the answer instead of following it.
	Stay bool
}

// Response is an answer, whatever its status says. The caller owns it.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // as on the wire: a Content-Encoding is not undone
	Origin string // scheme, host and port that gave the answer
}

// Origin gives scheme, host and port of a URL in the form that [Response] has, without asking anybody.
// The error for a URL that Do would refuse at once has egress.denied.
func (c *Client) Origin(url string) (string, error) {
	t, err := c.guard.target(url)
	if err != nil {
		return "", denied(err, "another server")
	}
	return t.origin(), nil
}

// Do asks and gives the whole answer. Errors are faults: egress.denied for what the rules forbid,
// egress.large, egress.timeout, and egress.failed for the rest; those that may pass are marked for a retry.
func (c *Client) Do(caller context.Context, r Request) (Response, error) {
	t, err := c.guard.target(r.URL)
	if err != nil {
		return Response{}, denied(err, "another server")
	}
	header, err := ownHeader(r.Header, c.options.UserAgent)
	if err != nil {
		return Response{}, denied(err, t.origin())
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if !isToken(r.Method) {
		return Response{}, denied(errors.New("the method is malformed"), t.origin())
	}
	ctx, cancel := context.WithTimeout(caller, c.options.Timeout)
	defer cancel()
	release, err := c.slots.take(ctx, t.host)
	if err != nil {
		return Response{}, failed(caller, ctx, err, t.origin())
	}
	defer release()
	if r.MaxBody <= 0 {
		r.MaxBody = c.options.MaxBody
	}
	a := asking{to: t, method: r.Method, header: header, body: r.Body}
	for hops := 0; ; hops++ {
		res, err := c.roundTrip(ctx, &a)
		if err != nil {
			return Response{}, failed(caller, ctx, err, a.to.origin())
		}
		next := res.Header.Get("Location")
		if r.Stay || next == "" || !redirects(res.StatusCode) {
			body, err := read(res, r.MaxBody)
			if err == nil {
				// The end of ctx closes the connection; a server that sees that may end its body in good
				// form, and a part would look like the whole.
				err = ctx.Err()
			}
			if err != nil {
				return Response{}, failed(caller, ctx, err, a.to.origin())
			}
			return Response{res.StatusCode, res.Header, body, a.to.origin()}, nil
		}
		drop(res)
		if hops == maxRedirects {
			return Response{}, denied(errRedirects, t.origin())
		}
		if err := a.follow(c.guard, res.StatusCode, next); err != nil {
			return Response{}, denied(err, a.to.origin())
		}
	}
}

// roundTrip sends one request to a target that was judged.
func (c *Client) roundTrip(ctx context.Context, a *asking) (*http.Response, error) {
	var body io.Reader
	if len(a.body) > 0 {
		body = bytes.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, a.to.url.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header = a.header
	return c.transport.RoundTrip(req)
}

// read takes the body, as far as the limit, and closes it.
func read(res *http.Response, limit int) ([]byte, error) {
	defer res.Body.Close()
	if res.ContentLength > int64(limit) && res.Request.Method != http.MethodHead {
		return nil, errLarge
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	if err == nil && len(body) > limit {
		err = errLarge
	}
	return body, err
}

// drop leaves an answer; a short one is read, so that its connection can be used again.
func drop(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	res.Body.Close()
}
