package mail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

const (
	sender    = "pi@company.tld"
	recipient = "name@company.tld"
	message   = "From: " + sender + "\r\nTo: " + recipient + "\r\nSubject: hello\r\nMessage-ID: <1@company.tld>\r\n\r\nJane wants a boat\r\n"
)

// request is what a guest asks mail.submit.
type request struct {
	From       string   `json:"from"`
	Recipients []string `json:"recipients"`
	Message    []byte   `json:"message"`
}

func fine() request { return request{sender, []string{recipient}, []byte(message)} }

// open makes the capability for a sink and gives its power under policy.
func open(tb testing.TB, sink *smtpsink.Sink, o mail.Options, policy map[string]any) capability.Power {
	tb.Helper()
	if sink != nil {
		o.Host, o.Port = sink.HostPort()
	}
	if o.TLS == "" {
		o.TLS = mail.NoTLS
	}
	if o.From == "" {
		o.From = sender
	}
	m, err := mail.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	if policy == nil {
		policy = map[string]any{"recipients": []any{"*@company.tld"}}
	}
	power, err := m.Grant(policy)
	if err != nil {
		tb.Fatal(err)
	}
	return power
}

func submit(ctx context.Context, p capability.Power, r request) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	out, err := p.Call(ctx, "mail.submit", text)
	return string(out), err
}

func wantFault(t *testing.T, err error, code fault.Code, retry bool) {
	t.Helper()
	got, _ := fault.Retryable(err)
	if fault.CodeOf(err) != code || got != retry {
		t.Errorf("error %v (code %s, retryable %t), want code %s, retryable %t", err, fault.CodeOf(err), got, code, retry)
	}
}

// logBuffer takes log lines from many goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func lacks(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(text, w) {
			t.Errorf("%q tells %q", text, w)
		}
	}
}
