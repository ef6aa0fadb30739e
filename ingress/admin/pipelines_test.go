package admin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/runtime/fault"
)

// pipelines answers with what it was asked for.
type pipelines struct {
	mu    sync.Mutex
	asked []string
	block chan struct{} // nil, or what a run waits for
	fails error
}

func (p *pipelines) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, fmt.Sprintf(format, args...))
}

func (p *pipelines) Run(ctx context.Context, identity, where string, c admin.Call) (admin.Answer, error) {
	p.note("run %s %s %v %v %v", identity, where, c.Body, c.HasBody, c.Vars)
	if p.block != nil {
		select {
		case <-p.block:
		case <-ctx.Done():
			p.note("ended: %v", ctx.Err())
			return admin.Answer{Ran: true, Run: "e:p"}, fault.New(fault.CommandTimeout, "too long")
		}
	}
	return admin.Answer{Body: c.Vars["n"], Ran: true, Run: "e:p"}, p.fails
}

func (p *pipelines) RunText(_ context.Context, identity string, text admin.Text, c admin.Call) (admin.Answer, error) {
	p.note("text %s %s %s %v", identity, text.Form, text.Text, c.Body)
	return admin.Answer{Ran: true}, p.fails
}

func (p *pipelines) Get(_ context.Context, _, where string) (admin.Text, string, error) {
	return admin.Text{Form: "yaml", Text: []byte("text of " + where)}, "v1", p.fails
}

func (p *pipelines) Put(_ context.Context, identity, where string, text admin.Text, match string) (string, bool, error) {
	p.note("put %s %s %s %s %q", identity, where, text.Form, text.Text, match)
	return "v2", match == "-", p.fails
}

func (p *pipelines) Delete(_ context.Context, identity, where, match string, force bool) error {
	p.note("delete %s %s %q %v", identity, where, match, force)
	return p.fails
}

func (p *pipelines) List() any { return []string{"a"} }

func (p *pipelines) History(_ context.Context, where string) (any, error) {
	return []string{where}, p.fails
}

func (p *pipelines) Version(_ context.Context, _, where, version string) (any, error) {
	return map[string]string{where: version}, p.fails
}

func servePipelines(t *testing.T, p *pipelines, o admin.Options) (address string) {
	t.Helper()
	d := (&world{}).deps()
	d.Pipelines = p
	o.Address, o.Token, o.Identity = "127.0.0.1:0", token, "operator"
	s, err := admin.New(o, d)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return addr.String()
}

func TestPipelineRequests(t *testing.T) {
	t.Parallel()
	p := &pipelines{}
	url := "http://" + servePipelines(t, p, admin.Options{})
	for _, c := range []struct {
		request string // method, path, fields, body
		status  int
		asked   string
		body    string
	}{
		{"POST /api/v3/pipeline:a/b?n=1|Content-Type: application/json|{\"x\":[1]}", 200, `run operator a/b map[x:[1]] true map[n:1]`, "1"},
		{"POST /api/v3/pipeline:a/b||", 200, `run operator a/b <nil> false map[]`, "null"},
		{"POST /api/v3/pipeline:a%2Fb|Content-Type: text/csv|a,b", 200, `run operator a/b a,b true map[]`, "null"},
		{"POST /api/v3/pipeline:a|Content-Type: application/x-www-form-urlencoded|a=1&b=2&a=3", 200, `run operator a map[a:[1 3] b:2] true map[]`, "null"},
		{"POST /api/v3/pipeline:a|Content-Type: image/png|\x01", 200, `run operator a map[contentBase64:AQ== contentLength:1 contentType:image/png name:<nil>] true map[]`, "null"},
		{"POST /api/v3/pipeline:a|Content-Type: application/json|{", 400, "", `"code":"command.type"`},
		{"POST /api/v3/pipeline:a|Content-Encoding: gzip|x", 400, "", `"code":"command.type"`},
		{"POST /api/v3/pipeline|Content-Type: application/json|{}", 200, `text operator json {} <nil>`, "null"},
		{"POST /api/v3/pipeline|Content-Type: application/x-pipeline-uri|log", 200, `text operator uri log <nil>`, "null"},
		{"POST /api/v3/pipeline|Content-Type: multipart/form-data|x", 400, "", `"code":"command.type"`},
		{"POST /api/v3/pipeline|Content-Type: multipart/form-data; boundary=b|--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nx\r\n--b--\r\n", 400, "", `no part pipeline`},
		{"POST /api/v3/pipeline|Content-Type: multipart/form-data; boundary=b|--b\r\nContent-Disposition: form-data; name=pipeline\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n", 200, `text operator json {} map[children:[]]`, "null"},
		{"POST /api/v3/pipeline|Content-Type: multipart/form-data; boundary=b|--b\r\nContent-Disposition: form-data; name=other\r\n\r\n{}\r\n--b--\r\n", 400, "", "one part pipeline"},
		{"GET /api/v3/pipeline||", 405, "", "refused"},
		{"PATCH /api/v3/pipeline:a||", 405, "", "refused"},
		{"POST /api/v3/pipelines||", 405, "", "refused"},
		{"POST /api/v3/pipeline:||", 404, "", "refused"},
		{"GET /api/v3/pipeline:a||", 200, "", "text of a"},
		{"GET /api/v3/pipeline:a?x=1||", 400, "", "command.param"},
		{"PUT /api/v3/pipeline:a||text", 200, `put operator a yaml text ""`, `"version":"v2"`},
		{"PUT /api/v3/pipeline:a|If-None-Match: *|text", 201, `put operator a yaml text "-"`, `"created":true`},
		{"PUT /api/v3/pipeline:a|If-Match: \"v1\"|text", 200, `put operator a yaml text "v1"`, ""},
		{"PUT /api/v3/pipeline:a|If-Match: *|text", 200, `put operator a yaml text "*"`, ""},
		{"PUT /api/v3/pipeline:a|If-Match: v1|text", 400, "", "command.type"},
		{"PUT /api/v3/pipeline:a|If-Match: \"v1\", \"v2\"|text", 400, "", "command.type"},
		{"PUT /api/v3/pipeline:a|If-None-Match: \"v1\"|text", 400, "", "command.type"},
		{"PUT /api/v3/pipeline:a|Content-Type: image/png|text", 400, "", "command.type"},
		{"DELETE /api/v3/pipeline:a?force=true|If-Match: \"v1\"|", 200, `delete operator a "v1" true`, ""},
		{"DELETE /api/v3/pipeline:a||", 200, `delete operator a "" false`, ""},
		{"GET /api/v3/pipelines||", 200, "", `{"pipelines":["a"]}`},
		{"GET /api/v3/pipelines/a.b||", 200, "", `{"name":"a.b","versions":["a.b"]}`},
		{"GET /api/v3/pipelines/a.b/0123||", 200, "", `{"a.b":"0123"}`},
		{"GET /api/v3/pipelines/a.b/loaded||", 200, "", `{"a.b":""}`},
		{"GET /api/v3/pipelines/a.b/||", 404, "", "refused"},
	} {
		p.mu.Lock()
		p.asked = nil
		p.mu.Unlock()
		line, rest, _ := strings.Cut(c.request, "|")
		field, body, _ := strings.Cut(rest, "|")
		method, path, _ := strings.Cut(line, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		if name, v, ok := strings.Cut(field, ": "); ok {
			req.Header.Set(name, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		p.mu.Lock()
		asked := strings.Join(p.asked, ";")
		p.mu.Unlock()
		if res.StatusCode != c.status || asked != c.asked || !strings.Contains(string(text), c.body) {
			t.Errorf("%s: %d %s\n%s", c.request, res.StatusCode, asked, text)
		}
	}
}

// What a run fails with has a status by its class, and its place.
func TestPipelineFailures(t *testing.T) {
	t.Parallel()
	pos := fault.Position{File: "a.pi.yaml", Line: 2, Column: 5}
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
	}{
		"denied":      {fault.New(fault.IAMDenied, "no"), 403, `{"statusCode":403,"status":"error","code":"iam.denied","message":"no"}`},
		"raised":      {fault.New(fault.PipelineRaised, "no boats").At(pos).In("step 2 (error)"), 422, `{"statusCode":422,"status":"error","code":"pipeline.error","message":"a.pi.yaml:2:5: step 2 (error): no boats","errors":[{"code":"pipeline.error","message":"no boats","step":"step 2 (error)","file":"a.pi.yaml","line":2,"column":5}]}`},
		"input":       {fault.New(fault.CommandType, "no"), 422, ""},
		"timeout":     {fault.New(fault.CommandTimeout, "no").WithRetry(0), 504, ""},
		"retryable":   {fault.New(fault.CommandFailed, "no").WithRetry(1500 * time.Millisecond), 503, ""},
		"environment": {fault.New(fault.StoreUnavailable, "no"), 503, ""},
		"failed":      {fault.New(fault.CommandFailed, "no"), 500, `"code":"command.failed"`},
		"internal":    {errors.New("CANARY"), 500, `{"statusCode":500,"status":"error","code":"internal","message":"an internal fault; see the server's log"}`},
	} {
		p := &pipelines{fails: c.err}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+servePipelines(t, p, admin.Options{})+"/api/v3/pipeline:p", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(text), c.body) || res.Header.Get("Pipeline-Run") != "e:p" {
			t.Errorf("%s: %d %s", name, res.StatusCode, text)
		}
		if name == "retryable" && res.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After is %q", res.Header.Get("Retry-After"))
		}
	}
}

// Requests that come in one piece are answered in their order, though the connection is watched meanwhile.
func TestPipelinedCalls(t *testing.T) {
	t.Parallel()
	address := servePipelines(t, &pipelines{}, admin.Options{})
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	var text strings.Builder
	const requests = 50
	for n := range requests {
		fmt.Fprintf(&text, "POST /api/v3/pipeline:p?n=%d HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", n, token)
	}
	go func() { // in pieces that end anywhere
		for rest := text.String(); rest != ""; {
			n := min(97, len(rest))
			if _, err := io.WriteString(c, rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	var got []string
	r := bufio.NewReader(c)
	for range requests {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("behind %d answers: %v", len(got), err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		got = append(got, string(body))
	}
	var want []string
	for n := range requests {
		want = append(want, fmt.Sprint(n))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A caller who closes the connection ends the run; one who stays gets the answer after any time.
func TestCallerGone(t *testing.T) {
	t.Parallel()
	p := &pipelines{block: make(chan struct{})}
	address := servePipelines(t, p, admin.Options{ReadTimeout: 100 * time.Millisecond, CallTimeout: time.Minute})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(c, "POST /api/v3/pipeline:p?n=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", token)
		return c
	}
	until := func(what string, n int) {
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
			p.mu.Lock()
			have := strings.Count(strings.Join(p.asked, ";"), what)
			p.mu.Unlock()
			if have >= n {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%q did not happen", what)
			}
		}
	}
	gone, stays := dial(), dial()
	until("run operator", 2)
	gone.Close()
	until("ended: context canceled", 1)
	time.Sleep(150 * time.Millisecond) // longer than a request may take to arrive
	close(p.block)
	res, err := http.ReadResponse(bufio.NewReader(stays), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("who stayed got %d", res.StatusCode)
	}
	stays.Close()
}
