package mail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

func TestSubmit(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	var logs logBuffer
	p := open(t, sink, mail.Options{Logger: logs.logger()}, nil)
	r := fine()
	r.Recipients = append(r.Recipients, "b@company.tld", recipient)
	ctx := capability.WithCaller(t.Context(), capability.Caller{Plugin: "mail.send", RunID: "run-7", Step: 3})
	got, err := submit(ctx, p, r)
	if want := `{"id":"\u003c1@company.tld\u003e","accepted":2}`; err != nil || got != want {
		t.Fatalf("receipt %s (%v), want %s", got, err, want)
	}
	m := sink.Mails()
	if len(m) != 1 || m[0].From != sender || fmt.Sprint(m[0].Recipients) != "[name@company.tld b@company.tld]" || string(m[0].Data) != message {
		t.Errorf("mails %+v", m)
	}
	if text := logs.String(); !strings.Contains(text, `"run_id":"run-7"`) || !strings.Contains(text, `"recipients":2`) {
		t.Errorf("log %s", text)
	}
	lacks(t, logs.String(), "@", "boat")
}

func TestTLS(t *testing.T) {
	t.Parallel()
	config, trusted := smtpsink.Certificate(t, "127.0.0.1")
	otherName, otherTrusted := smtpsink.Certificate(t, "elsewhere.tld")
	tests := map[string]struct {
		sink    smtpsink.Options
		options mail.Options
		fails   bool
	}{
		"starttls":             {smtpsink.Options{TLS: config, RequireTLS: true}, mail.Options{TLS: mail.StartTLS, RootCAs: trusted}, false},
		"tls":                  {smtpsink.Options{TLS: config, ImplicitTLS: true}, mail.Options{TLS: mail.TLS, RootCAs: trusted}, false},
		"starttls not offered": {smtpsink.Options{}, mail.Options{TLS: mail.StartTLS, RootCAs: trusted}, true},
		"not trusted":          {smtpsink.Options{TLS: config}, mail.Options{TLS: mail.StartTLS, RootCAs: otherTrusted}, true},
		"tls not trusted":      {smtpsink.Options{TLS: config, ImplicitTLS: true}, mail.Options{TLS: mail.TLS, RootCAs: otherTrusted}, true},
		"another name":         {smtpsink.Options{TLS: otherName}, mail.Options{TLS: mail.StartTLS, RootCAs: otherTrusted}, true},
		"tls to a plain relay": {smtpsink.Options{}, mail.Options{TLS: mail.TLS, RootCAs: trusted}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t, test.sink)
			_, err := submit(t.Context(), open(t, sink, test.options, nil), fine())
			if test.fails {
				wantFault(t, err, fault.MailRelay, true)
				if n := len(sink.Mails()); n != 0 {
					t.Errorf("%d mails arrived", n)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m := sink.Mails(); len(m) != 1 || !m[0].TLS {
				t.Errorf("mails %+v, want one over TLS", m)
			}
		})
	}
}

// TestNothingIsReadFromBeforeTLS: what an attacker on the way adds behind the answer to STARTTLS is not
// taken for the relay's.
func TestNothingIsReadFromBeforeTLS(t *testing.T) {
	t.Parallel()
	config, trusted := smtpsink.Certificate(t, "127.0.0.1")
	heard := make(chan string, 1)
	host, port := rawRelay(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = r.ReadString('\n')
		io.WriteString(c, "250-hi\r\n250 STARTTLS\r\n")
		_, _ = r.ReadString('\n')
		io.WriteString(c, "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n")
		secured := tls.Server(c, config)
		line, _ := bufio.NewReader(secured).ReadString('\n')
		io.WriteString(secured, "554 no\r\n")
		heard <- line
	})
	p := open(t, nil, mail.Options{Host: host, Port: port, TLS: mail.StartTLS, RootCAs: trusted, Username: "u", Password: "hush-hush"}, nil)
	_, err := submit(t.Context(), p, fine())
	wantFault(t, err, fault.MailRelay, true)
	select {
	case line := <-heard:
		if !strings.HasPrefix(line, "EHLO") {
			t.Errorf("the first line after TLS is %q", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("no line came after TLS")
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	config, trusted := smtpsink.Certificate(t, "127.0.0.1")
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		for _, mode := range []mail.TLSMode{mail.StartTLS, mail.NoTLS} { // none is allowed here: loopback
			t.Run(mechanism+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				sink := smtpsink.Start(t, smtpsink.Options{TLS: config, Username: "jane", Password: "s3cret", Mechanisms: []string{mechanism}})
				p := open(t, sink, mail.Options{TLS: mode, RootCAs: trusted, Username: "jane", Password: "s3cret"}, nil)
				if _, err := submit(t.Context(), p, fine()); err != nil {
					t.Fatal(err)
				}
				if m := sink.Mails(); len(m) != 1 || m[0].User != "jane" {
					t.Errorf("mails %+v", m)
				}
			})
		}
	}
}

func TestLoginFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sink    smtpsink.Options
		options mail.Options
		code    fault.Code
		retry   bool
	}{
		"wrong password":   {smtpsink.Options{Username: "jane", Password: "s3cret"}, mail.Options{Username: "jane", Password: "wr0ng-one"}, fault.MailRelay, true},
		"no login offered": {smtpsink.Options{}, mail.Options{Username: "jane", Password: "wr0ng-one"}, fault.MailRelay, true},
		"other mechanism":  {smtpsink.Options{Username: "jane", Mechanisms: []string{"X"}}, mail.Options{Username: "jane", Password: "wr0ng-one"}, fault.MailRelay, true},
		"login missing":    {smtpsink.Options{Username: "jane", Password: "s3cret"}, mail.Options{}, fault.MailRejected, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logs logBuffer
			test.options.Logger = logs.logger()
			_, err := submit(t.Context(), open(t, smtpsink.Start(t, test.sink), test.options, nil), fine())
			wantFault(t, err, test.code, test.retry)
			lacks(t, fmt.Sprintf("%+v %s", err, logs.String()), "wr0ng-one", "jane", "d3IwbmctbyW")
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	stages := []smtpsink.Stage{smtpsink.StageMail, smtpsink.StageRcpt, smtpsink.StageData}
	for _, stage := range stages {
		for _, code := range []int{450, 550} {
			t.Run(fmt.Sprint(stage, code), func(t *testing.T) {
				t.Parallel()
				var refusing sync.Map
				refusing.Store("yes", true)
				sink := smtpsink.Start(t, smtpsink.Options{Reply: func(s smtpsink.Stage, _ string) int {
					if _, yes := refusing.Load("yes"); yes && s == stage {
						return code
					}
					return 0
				}})
				p := open(t, sink, mail.Options{}, nil)
				_, err := submit(t.Context(), p, fine())
				if code == 550 {
					wantFault(t, err, fault.MailRejected, false)
				} else {
					wantFault(t, err, fault.MailRelay, true)
				}
				if err != nil {
					lacks(t, err.Error(), "@", "refused:") // the relay's words
					if !strings.Contains(err.Error(), fmt.Sprint(code)) {
						t.Errorf("error %v does not tell the relay's code", err)
					}
				}
				refusing.Delete("yes")
				if _, err := submit(t.Context(), p, fine()); err != nil {
					t.Fatalf("the next mail: %v", err)
				}
				if m := sink.Mails(); len(m) != 1 || len(m[0].Recipients) != 1 {
					t.Errorf("mails %+v, want the second alone", m)
				}
				if n := sink.Connections(); n != 1 {
					t.Errorf("%d connections, want the first to be used again", n)
				}
			})
		}
	}
}

func TestAllRecipientsOrNone(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{Reply: func(_ smtpsink.Stage, address string) int {
		if address == "gone@company.tld" {
			return 550
		}
		return 0
	}})
	r := fine()
	r.Recipients = append(r.Recipients, "gone@company.tld")
	_, err := submit(t.Context(), open(t, sink, mail.Options{}, nil), r)
	wantFault(t, err, fault.MailRejected, false)
	if err == nil || !strings.Contains(err.Error(), "recipient 2 of 2 with 550 5.1.1") {
		t.Errorf("error %v", err)
	}
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	clock := newClock()
	p := open(t, sink, mail.Options{IdleTimeout: time.Minute, Now: clock.now}, nil)
	send := func(n int) {
		t.Helper()
		for range n {
			if _, err := submit(t.Context(), p, fine()); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(10)
	if n := sink.Connections(); n != 1 {
		t.Fatalf("%d connections for 10 mails, want 1", n)
	}
	clock.add(2 * time.Minute)
	send(2)
	if n := sink.Connections(); n != 2 {
		t.Fatalf("%d connections after a long pause, want 2", n)
	}
	sink.DropConnections()
	send(2)
	if n := sink.Connections(); n != 3 {
		t.Errorf("%d connections after the relay had closed, want 3", n)
	}
	if n := len(sink.Mails()); n != 14 {
		t.Errorf("%d mails, want 14", n)
	}
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_700_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func TestConcurrentSubmissions(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	p := open(t, sink, mail.Options{Connections: 3}, nil)
	errs := make([]error, 60)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			text := strings.Replace(message, "hello", fmt.Sprint("number ", i), 1)
			_, errs[i] = submit(t.Context(), p, request{sender, []string{recipient}, []byte(text)})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range sink.Mails() {
		seen[string(m.Data)] = true
	}
	if len(seen) != len(errs) || sink.Connections() > 3 {
		t.Errorf("%d different mails over %d connections, want %d over at most 3", len(seen), sink.Connections(), len(errs))
	}
}

func TestRelayDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := l.Addr().(*net.TCPAddr)
	_ = l.Close()
	_, err = submit(t.Context(), open(t, nil, mail.Options{Host: "127.0.0.1", Port: a.Port}, nil), fine())
	wantFault(t, err, fault.MailRelay, true)
}

// TestSlowRelay: wherever the relay falls silent, the call ends with its context and the connection is
// free for others.
func TestSlowRelay(t *testing.T) {
	t.Parallel()
	for _, stage := range []smtpsink.Stage{smtpsink.StageConnect, smtpsink.StageMail, smtpsink.StageRcpt, smtpsink.StageData} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			release, reached := make(chan struct{}), make(chan struct{})
			var once sync.Once
			sink := smtpsink.Start(t, smtpsink.Options{Reply: func(s smtpsink.Stage, _ string) int {
				if s == stage {
					first := false
					once.Do(func() { first = true; close(reached) })
					if first {
						<-release
					}
				}
				return 0
			}})
			t.Cleanup(func() { close(release) })
			p := open(t, sink, mail.Options{Connections: 1, Timeout: time.Hour}, nil)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-reached; cancel() }()
			done := make(chan error, 1)
			go func() {
				_, err := submit(ctx, p, fine())
				done <- err
			}()
			var err error
			select {
			case err = <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("the call outlives its context")
			}
			wantFault(t, err, fault.MailRelay, true)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want the context's", err)
			}
			if _, err := submit(t.Context(), p, fine()); err != nil {
				t.Errorf("the next mail: %v", err)
			}
		})
	}
}

func TestTimeoutOfOneSubmission(t *testing.T) {
	t.Parallel()
	host, port := rawRelay(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	p := open(t, nil, mail.Options{Host: host, Port: port, Timeout: 50 * time.Millisecond, Connections: 1}, nil)
	for range 2 { // the second shows that the first gave its place back
		_, err := submit(t.Context(), p, fine())
		wantFault(t, err, fault.MailRelay, true)
	}
}

func TestWaitingForAConnectionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	release, reached := make(chan struct{}), make(chan struct{}, 1)
	sink := smtpsink.Start(t, smtpsink.Options{Reply: func(s smtpsink.Stage, _ string) int {
		if s == smtpsink.StageMail {
			reached <- struct{}{}
			<-release
		}
		return 0
	}})
	p := open(t, sink, mail.Options{Connections: 1}, nil)
	var first sync.WaitGroup
	first.Go(func() { _, _ = submit(t.Context(), p, fine()) })
	<-reached
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := submit(ctx, p, fine())
	wantFault(t, err, fault.MailRelay, true)
	close(release)
	first.Wait()
}

func TestGarbledRelay(t *testing.T) {
	t.Parallel()
	host, port := rawRelay(t, func(c net.Conn, r *bufio.Reader) {
		line, _ := r.ReadString('\n')
		io.WriteString(c, "no code, but "+line)
	})
	_, err := submit(t.Context(), open(t, nil, mail.Options{Host: host, Port: port}, nil), fine())
	wantFault(t, err, fault.MailRelay, true)
	lacks(t, err.Error(), "EHLO", "no code")
}

func TestClosed(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	host, port := sink.HostPort()
	m, err := mail.New(mail.Options{Host: host, Port: port, TLS: mail.NoTLS, From: sender})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Grant(map[string]any{"recipients": "*"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := submit(t.Context(), p, fine()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t.Context(), p, fine())
	wantFault(t, err, fault.MailRelay, true)
}

func BenchmarkSubmit(b *testing.B) {
	sink := smtpsink.Start(b, smtpsink.Options{})
	p := open(b, sink, mail.Options{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := submit(b.Context(), p, fine()); err != nil {
			b.Fatal(err)
		}
	}
}
