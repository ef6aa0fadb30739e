package smtpsink_test

import (
	"context"
	"errors"
	"net/smtp"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
)

// The sink is held against the client of the standard library, which shares no code with its server.
func TestSinkKeepsWhatItTakes(t *testing.T) {
	t.Parallel()
	s := smtpsink.Start(t, smtpsink.Options{Username: "jane", Password: "s3cret", Reply: func(stage smtpsink.Stage, address string) int {
		if stage == smtpsink.StageRcpt && address == "gone@company.tld" {
			return 550
		}
		return 0
	}})
	host, _ := s.HostPort()
	auth := smtp.PlainAuth("", "jane", "s3cret", host)
	const data = "Subject: x\r\n\r\n.hello\r\n"
	if err := smtp.SendMail(s.Addr(), auth, "a@b.c", []string{"name@company.tld"}, []byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(s.Addr(), auth, "a@b.c", []string{"gone@company.tld"}, []byte(data)); err == nil {
		t.Error("a refused recipient was taken")
	}
	if err := smtp.SendMail(s.Addr(), nil, "a@b.c", []string{"name@company.tld"}, []byte(data)); err == nil {
		t.Error("a mail without a login was taken")
	}
	got, err := s.Wait(t.Context(), 1)
	if err != nil || len(got) != 1 || string(got[0].Data) != data || got[0].User != "jane" || got[0].From != "a@b.c" || got[0].Recipients[0] != "name@company.tld" {
		t.Errorf("mails %+v, %v", got, err)
	}
	if n := s.Connections(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := smtpsink.Start(t, smtpsink.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if got, err := s.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) || len(got) != 0 {
		t.Errorf("%d mails, %v", len(got), err)
	}
}
