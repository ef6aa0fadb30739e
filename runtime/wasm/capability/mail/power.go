package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// power is the capability granted to one plugin.
type power struct {
	mail  *Mail
	grant grant
}

// submission is the request of mail.submit.
type submission struct {
	From       string   `json:"from"`
	Recipients []string `json:"recipients"`
	Message    []byte   `json:"message"` // base64 on the wire
}

// receipt is the answer of mail.submit.
type receipt struct {
	ID       string `json:"id"`
	Accepted int    `json:"accepted"`
}

// defaults is the answer of mail.defaults.
type defaults struct {
	From     string `json:"from"`
	FromName string `json:"fromName"`
}

// Call does mail.submit and mail.defaults.
func (p *power) Call(ctx context.Context, op string, request []byte) ([]byte, error) {
	if op != "mail.submit" && op != "mail.defaults" {
		return nil, fault.New(fault.PluginDenied, "the capability mail has no operation %q", op).
			WithHint("%s", fault.DidYouMean(op, []string{"mail.submit", "mail.defaults"}))
	}
	if p.mail.relay == nil && p.mail.options.Deliver == nil {
		return nil, fault.New(fault.MailConfig, "no mail relay is configured").WithHint("set smtp.host")
	}
	if op == "mail.defaults" {
		return json.Marshal(defaults{p.mail.options.From, p.mail.options.FromName})
	}
	r, err := p.submit(ctx, request)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

func (p *power) submit(ctx context.Context, request []byte) (receipt, error) {
	s, err := decodeSubmission(request)
	if err != nil {
		return receipt{}, err
	}
	if len(s.Message) > p.grant.maxBytes {
		return receipt{}, fault.New(fault.MailInvalid, "the message has %d bytes, the grant allows %d", len(s.Message), p.grant.maxBytes)
	}
	recipients, err := p.grant.checkEnvelope(s.From, s.Recipients)
	if err != nil {
		return receipt{}, err
	}
	message, err := normalize(s.Message)
	if err != nil {
		return receipt{}, err
	}
	id, err := p.grant.checkMessage(message, s.From)
	if err != nil {
		return receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.mail.options.Timeout)
	defer cancel()
	deliver := p.mail.options.Deliver
	if deliver == nil {
		deliver = p.mail.relay.submit
	}
	if err := deliver(ctx, s.From, recipients, message); err != nil {
		return receipt{}, err
	}
	caller := capability.CallerFrom(ctx)
	p.mail.options.Logger.LogAttrs(ctx, slog.LevelDebug, "mail handed to the relay",
		slog.String("plugin", caller.Plugin), slog.String("run_id", caller.RunID), slog.Int("step", caller.Step),
		slog.Int("recipients", len(recipients)), slog.Int("bytes", len(message)))
	return receipt{ID: id, Accepted: len(recipients)}, nil
}

func decodeSubmission(request []byte) (submission, error) {
	var s submission
	d := json.NewDecoder(bytes.NewReader(request))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fault.New(fault.MailInvalid, "the request is not an object of from, recipients and message in base64")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, fault.New(fault.MailInvalid, "the request has data behind its end")
	}
	return s, nil
}
