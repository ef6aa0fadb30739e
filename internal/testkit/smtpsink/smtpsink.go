package smtpsink

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Options says how the server behaves. The zero Options takes everything without TLS or login.
type Options struct {
	Addr        string      // to listen on; default 127.0.0.1:0
	TLS         *tls.Config // offered by STARTTLS, or spoken from the first byte when ImplicitTLS is set
	ImplicitTLS bool
	RequireTLS  bool   // refuses mail before STARTTLS
	Username    string // demands a login with this name
	Password    string
	Mechanisms  []string // of the login; default PLAIN and LOGIN
	MaxBytes    int64    // largest message; 0 = no limit

	// Reply, when set, is asked at every stage and may block. It gives the SMTP code to refuse with,
	// 0 to go on. The argument is the address at the stages Mail and Rcpt.
	Reply func(stage Stage, argument string) int
}

// Stage is a point of the SMTP dialogue.
type Stage string

// The stages that Options.Reply is asked at.
const (
	StageConnect Stage = "connect" // refused with 421 whatever code is given
	StageMail    Stage = "mail"
	StageRcpt    Stage = "rcpt"
	StageData    Stage = "data"
)

// Mail is one message that was taken.
type Mail struct {
	From       string
	Recipients []string
	Data       []byte // as it stood between DATA and the final dot, dot-stuffing undone
	TLS        bool
	User       string // who had logged in
}

// Sink is a running server. It may be used from many goroutines.
type Sink struct {
	options  Options
	listener *countingListener
	server   *smtp.Server
	stopped  sync.WaitGroup

	mu      sync.Mutex
	mails   []Mail
	arrived chan struct{} // closed and replaced at each mail
}

// Open starts a server. The caller closes it.
func Open(o Options) (*Sink, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	inner, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	s := &Sink{options: o, listener: &countingListener{Listener: inner}, arrived: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.server.Domain = "sink.test"
	s.server.MaxMessageBytes = o.MaxBytes
	s.server.AllowInsecureAuth = true
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	var l net.Listener = s.listener
	if o.ImplicitTLS {
		l = tls.NewListener(l, o.TLS)
	} else {
		s.server.TLSConfig = o.TLS
	}
	s.stopped.Go(func() { _ = s.server.Serve(l) })
	return s, nil
}

// Start is [Open] for tests: the server ends with t.
func Start(tb testing.TB, o Options) *Sink {
	tb.Helper()
	s, err := Open(o)
	if err != nil {
		tb.Fatalf("starting the SMTP sink: %v", err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// Close ends the server and its connections.
func (s *Sink) Close() error {
	err := s.server.Close()
	_ = s.listener.Close() // the server may not have taken it over yet
	s.stopped.Wait()
	return err
}

// Addr gives host:port.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// HostPort gives the two parts of Addr.
func (s *Sink) HostPort() (string, int) {
	host, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return host, n
}

// Connections gives how many connections were made so far.
func (s *Sink) Connections() int { return s.listener.count() }

// Mails gives the messages that were taken so far, in their order.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait gives the messages as soon as there are n, or what there is when ctx ends.
func (s *Sink) Wait(ctx context.Context, n int) ([]Mail, error) {
	for {
		s.mu.Lock()
		mails, arrived := slices.Clone(s.mails), s.arrived
		s.mu.Unlock()
		if len(mails) >= n {
			return mails, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return mails, ctx.Err()
		}
	}
}

// DropConnections ends every open connection and goes on listening.
func (s *Sink) DropConnections() { s.listener.drop() }

func (s *Sink) take(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// countingListener counts connections and can end them.
type countingListener struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, c)
		l.mu.Unlock()
	}
	return c, err
}

func (l *countingListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

func (l *countingListener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
}
