package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection to the relay, greeted, secured and logged in.
type session struct {
	client *smtp.Client
	conn   net.Conn
}

// connect makes a session. Every wait ends with ctx, which closes the connection.
func connect(ctx context.Context, o *Options) (*session, error) {
	conn, err := o.Dial(ctx, "tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	if err != nil {
		return nil, unavailable(ctx, err, "connecting to the relay")
	}
	stop := closeWith(ctx, conn)
	defer stop()
	client, err := greet(ctx, conn, o)
	if err == nil && o.Username != "" {
		err = login(client, o)
	}
	if err != nil {
		_ = conn.Close()
		return nil, unavailable(ctx, err, "opening a session with the relay")
	}
	return &session{client, conn}, nil
}

func greet(ctx context.Context, conn net.Conn, o *Options) (*smtp.Client, error) {
	config := &tls.Config{ServerName: o.Host, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
	var client *smtp.Client
	switch o.TLS {
	case TLS:
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		client = smtp.NewClient(secured)
	case StartTLS:
		var err error
		if client, err = smtp.NewClientStartTLS(conn, config); err != nil {
			return nil, err
		}
	default:
		client = smtp.NewClient(conn)
	}
	client.CommandTimeout, client.SubmissionTimeout = o.Timeout, o.Timeout
	return client, client.Hello(o.HelloName)
}

func login(client *smtp.Client, o *Options) error {
	if _, secured := client.TLSConnectionState(); !secured && !isLoopback(o.Host) {
		return errors.New("a login needs TLS")
	}
	switch {
	case client.SupportsAuth(sasl.Plain):
		return client.Auth(sasl.NewPlainClient("", o.Username, o.Password))
	case client.SupportsAuth(sasl.Login):
		return client.Auth(sasl.NewLoginClient(o.Username, o.Password))
	default:
		return errors.New("the relay offers neither PLAIN nor LOGIN")
	}
}

// send does one transaction. Its errors are the library's, wrapped in an [offer].
func (s *session) send(ctx context.Context, from string, recipients []string, message []byte) error {
	stop := closeWith(ctx, s.conn)
	defer stop()
	if err := s.client.Mail(from, &smtp.MailOptions{Size: int64(len(message))}); err != nil {
		return &offer{"the sender", err}
	}
	for i, r := range recipients {
		if err := s.client.Rcpt(r, nil); err != nil {
			return &offer{fmt.Sprintf("recipient %d of %d", i+1, len(recipients)), err}
		}
	}
	w, err := s.client.Data()
	if err == nil {
		_, err = w.Write(message)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return &offer{"the message", err}
	}
	return nil
}

// alive asks the relay whether it still listens.
func (s *session) alive(ctx context.Context) bool {
	stop := closeWith(ctx, s.conn)
	defer stop()
	return s.client.Noop() == nil
}

// reusable reports whether another message may follow err, and clears what err left.
func (s *session) reusable(ctx context.Context, err error) bool {
	if err == nil {
		return true
	}
	var no *smtp.SMTPError
	if !errors.As(err, &no) || no.Code == 421 {
		return false
	}
	stop := closeWith(ctx, s.conn)
	defer stop()
	return s.client.Reset() == nil
}

func (s *session) close() { _ = s.conn.Close() }

// closeWith closes conn when ctx ends before stop is called.
func closeWith(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.Close() })
}
