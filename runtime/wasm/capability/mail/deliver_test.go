package mail_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

// What takes messages in place of a relay gets those that the grant lets pass, and nothing is sent.
func TestDeliver(t *testing.T) {
	t.Parallel()
	var got []string
	p := open(t, nil, mail.Options{
		Host: "relay.invalid", Port: 25,
		Deliver: func(_ context.Context, from string, recipients []string, message []byte) error {
			got = append(got, from, recipients[0], string(message))
			return nil
		},
	}, nil)
	if _, err := submit(t.Context(), p, fine()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{sender, recipient, message}, got); diff != "" {
		t.Error(diff)
	}
	denied := fine()
	denied.Recipients = []string{"somebody@example.org"}
	if _, err := submit(t.Context(), p, denied); err == nil || len(got) != 3 {
		t.Errorf("a recipient beyond the grant: %v, %d texts", err, len(got))
	}
	p = open(t, nil, mail.Options{Deliver: func(context.Context, string, []string, []byte) error {
		return fault.New(fault.MailRelay, "away").WithRetry(0)
	}}, nil)
	if _, err := submit(t.Context(), p, fine()); fault.CodeOf(err) != fault.MailRelay {
		t.Errorf("its error is %v", err)
	}
}
