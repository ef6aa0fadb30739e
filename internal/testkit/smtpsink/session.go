package smtpsink

import (
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection's dialogue.
type session struct {
	sink *Sink
	conn *smtp.Conn
	user string
	mail Mail
}

func (s *Sink) newSession(c *smtp.Conn) (smtp.Session, error) {
	if err := s.ask(StageConnect, ""); err != nil {
		return nil, err
	}
	base := &session{sink: s, conn: c}
	if s.options.Username == "" {
		return base, nil
	}
	return &authSession{base}, nil
}

func (s *Sink) ask(stage Stage, argument string) error {
	if s.options.Reply == nil {
		return nil
	}
	if code := s.options.Reply(stage, argument); code != 0 {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "refused: " + argument}
	}
	return nil
}

func (s *session) isTLS() bool {
	_, ok := s.conn.TLSConnectionState()
	return ok
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.options.RequireTLS && !s.isTLS() {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "must issue a STARTTLS command first"}
	}
	if s.sink.options.Username != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail = Mail{From: from, TLS: s.isTLS(), User: s.user}
	return s.sink.ask(StageMail, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.sink.ask(StageRcpt, to); err != nil {
		return err
	}
	s.mail.Recipients = append(s.mail.Recipients, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.sink.ask(StageData, ""); err != nil {
		return err
	}
	s.mail.Data = data
	s.sink.take(s.mail)
	return nil
}

func (s *session) Reset()        { s.mail = Mail{} }
func (s *session) Logout() error { return nil }

// authSession is a session that offers a login.
type authSession struct{ *session }

func (s *authSession) AuthMechanisms() []string {
	if m := s.sink.options.Mechanisms; m != nil {
		return m
	}
	return []string{sasl.Plain, sasl.Login}
}

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.AuthMechanisms(), mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, name, password string) error { return s.login(name, password) }), nil
	}
	return &loginServer{login: s.login}, nil
}

func (s *authSession) login(name, password string) error {
	if name != s.sink.options.Username || password != s.sink.options.Password {
		return smtp.ErrAuthFailed
	}
	s.user = name
	return nil
}

// loginServer is the server's side of AUTH LOGIN.
type loginServer struct {
	login func(name, password string) error
	name  *string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.name == nil:
		name := string(response)
		l.name = &name
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.login(*l.name, string(response))
	}
}
