package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// adminFile is what a server leaves in its data directory while it runs.
type adminFile struct {
	URL    string `json:"url"`             // of the admin API
	Public string `json:"public"`          // of the public listener
	Token  string `json:"token,omitempty"` // made by the server; a configured one is not repeated here
}

// client speaks with the admin API of a running server.
type client struct {
	base  string
	token string
	http  *http.Client
}

const maxAnswer = 64 << 20

// client finds the server: admin.url and admin.token, else what the server left beside its data.
func (c *cli) client() (*client, error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	var left adminFile
	if data, err := c.readFile(cfg.AdminPath()); err == nil {
		if json.Unmarshal(data, &left) != nil {
			left = adminFile{} // a torn file is as good as none
		}
	}
	api := &client{base: baseURL(cfg, left)}
	switch {
	case !cfg.Admin.Token.IsZero():
		if api.token, err = c.resolver.Resolve(cfg.Admin.Token.Reveal()); err != nil {
			return nil, fault.Wrap(fault.CodeOf(err), err, "reading the token").In("admin.token")
		}
	case api.base == left.URL: // the token that a server left is for that server alone
		api.token = left.Token
	}
	c.resolver.Scrubber().Add(api.token)
	api.http = &http.Client{
		Timeout: 2 * time.Minute,
		Transport: &http.Transport{ // no proxy: the token stays between the two of us
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return api, nil
}

func baseURL(cfg *configs.Config, left adminFile) string {
	base := cfg.Admin.URL
	if base == "" {
		base = left.URL
	}
	if base == "" {
		base = "http://" + cfg.Admin.Address
	}
	return strings.TrimRight(base, "/")
}

// get asks for something.
func (a *client) get(ctx context.Context, path string, query url.Values) (map[string]any, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return a.do(ctx, http.MethodGet, path, nil)
}

// command runs one command on the server.
func (a *client) command(ctx context.Context, name string, params map[string]any) (any, error) {
	body, err := value.AppendJSON(nil, params)
	if err != nil {
		return nil, fault.Wrap(fault.CLIUsage, err, "encoding the parameters")
	}
	answer, err := a.do(ctx, http.MethodPost, "/api/v3/command/"+url.PathEscape(name)+"?params=body", body)
	return answer["value"], err
}

func (a *client) do(ctx context.Context, method, path string, body []byte) (map[string]any, error) {
	header := map[string]string{}
	if body != nil {
		header["Content-Type"] = "application/json"
	}
	status, _, data, err := a.exchange(ctx, method, path, header, body)
	if err != nil {
		return nil, err
	}
	return a.answer(status, data)
}

// exchange sends a request and gives the answer, whatever its status.
func (a *client) exchange(ctx context.Context, method, path string, header map[string]string, body []byte) (status int, fields http.Header, data []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, fault.New(fault.ConfigValue, "is not a usable URL").In("admin.url")
	}
	req.Header.Set("Accept", "application/json")
	for name, v := range header {
		req.Header.Set(name, v)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	res, err := a.http.Do(req)
	if err != nil {
		return 0, nil, nil, a.unreachable(ctx, err)
	}
	defer res.Body.Close()
	data, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, nil, a.unreachable(ctx, err)
	}
	return res.StatusCode, res.Header, data, nil
}

func (a *client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the URL is named once
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fault.Wrap(fault.CLIUnreachable, err, "no server answers at %s", a.base).WithRetry(0)
}

func (a *client) answer(status int, data []byte) (map[string]any, error) {
	decoded, err := value.Decode(data)
	fields, isObject := decoded.(map[string]any)
	switch {
	case status == http.StatusUnauthorized:
		return nil, a.denied()
	case err != nil || !isObject:
		return nil, fault.New(fault.CLIUnreachable, "what answers at %s is not the admin API (HTTP status %d)", a.base, status).
			WithHint("check admin.url and admin.address")
	case status != http.StatusOK && status != http.StatusCreated:
		return nil, a.remoteFault(status, fields)
	}
	return fields, nil
}

func (a *client) denied() error {
	if a.token == "" {
		return fault.New(fault.CLIDenied, "the server at %s asks for a token, and none is known here", a.base).
			WithHint("set PI_ADMIN__TOKEN to the server's token, or PI_STORE__DIR to its data directory")
	}
	return fault.New(fault.CLIDenied, "the server at %s refused the token", a.base)
}

// remoteFault makes the server's fault our own again.
func (a *client) remoteFault(status int, fields map[string]any) error {
	text := func(name string) string { s, _ := fields[name].(string); return s }
	if text("code") == "" {
		e := fault.New(fault.CLIDenied, "the server at %s refused the request (HTTP status %d)", a.base, status)
		if status == http.StatusMisdirectedRequest {
			return e.WithHint("it does not know itself under this name: add the name to its admin.hosts, or use its address")
		}
		return e.WithHint("check admin.url, and see the server's log")
	}
	if list := remoteList(fields); len(list) > 0 {
		return list
	}
	e := fault.New(fault.Code(text("code")), "%s", text("message"))
	if hint := text("hint"); hint != "" {
		e = e.WithHint("%s", hint)
	}
	return e
}

// remoteList gives the faults with their places, where the server told them one by one.
func remoteList(fields map[string]any) (list fault.List) {
	told, _ := fields["errors"].([]any)
	for _, item := range told {
		one, _ := item.(map[string]any)
		text := func(name string) string { s, _ := one[name].(string); return s }
		number := func(name string) int { n, _ := one[name].(int); return n }
		e := fault.New(fault.Code(text("code")), "%s", text("message")).In(text("step")).
			At(fault.Position{File: text("file"), Line: number("line"), Column: number("column")})
		if hint := text("hint"); hint != "" {
			e = e.WithHint("%s", hint)
		}
		list = append(list, e)
	}
	return list
}
