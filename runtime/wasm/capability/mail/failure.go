package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"

	"github.com/emersion/go-smtp"

	"github.com/penstock/penstock/runtime/fault"
)

// offer is a failed step of a transaction: what was offered to the relay, and what came of it.
type offer struct {
	what string
	err  error
}

func (o *offer) Error() string { return "offering " + o.what + " to the relay: " + o.err.Error() }
func (o *offer) Unwrap() error { return o.err }

// unavailable is a failure before a message was offered. It is always worth another try: an operator or time mends it.
func unavailable(ctx context.Context, err error, doing string) error {
	return fault.Wrap(fault.MailRelay, harmless(ctx, err), "%s", doing).WithRetry(0)
}

// failed is the failure of a transaction. The relay's codes are told, its words are not: they may hold
// addresses.
func failed(ctx context.Context, err error) error {
	what := "the message"
	var o *offer
	if errors.As(err, &o) {
		what = o.what
	}
	var no *smtp.SMTPError
	switch {
	case !errors.As(err, &no) || ctx.Err() != nil:
		return fault.Wrap(fault.MailRelay, harmless(ctx, err), "offering %s to the relay", what).WithRetry(0)
	case no.Code/100 == 5:
		return fault.New(fault.MailRejected, "the relay refused %s with %s", what, codes(no))
	default:
		return fault.New(fault.MailRelay, "the relay put %s off with %s", what, codes(no)).WithRetry(0)
	}
}

// harmless gives err without anything that the relay said freely.
func harmless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var o *offer
	if errors.As(err, &o) {
		err = o.err
	}
	var no *smtp.SMTPError
	if errors.As(err, &no) {
		return errors.New("the relay said " + codes(no))
	}
	var garbled textproto.ProtocolError
	if errors.As(err, &garbled) {
		return errors.New("the answer is not SMTP")
	}
	return err
}

func codes(no *smtp.SMTPError) string {
	if e := no.EnhancedCode; e[0] > 0 {
		return fmt.Sprintf("%d %d.%d.%d", no.Code, e[0], e[1], e[2])
	}
	return fmt.Sprint(no.Code)
}
