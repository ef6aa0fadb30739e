package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	plugin "github.com/penstock/penstock/sdk/go"
)

// params are what a pipeline gives.
type params struct {
	To          plugin.TextList   `json:"to" plugin:"required" doc:"Recipients: addresses joined by commas, or a list of them. All see each other."`
	Cc          plugin.TextList   `json:"cc" doc:"Further recipients that everybody sees."`
	Bcc         plugin.TextList   `json:"bcc" doc:"Further recipients that nobody sees."`
	From        string            `json:"from" doc:"The sender's address; the configuration's when it is not given."`
	FromName    string            `json:"fromName" doc:"The sender's name; the configuration's when neither it nor from is given."`
	ReplyTo     plugin.TextList   `json:"replyTo" doc:"Where answers go; to the sender when it is not given."`
	Subject     string            `json:"subject" doc:"The subject, at most 2,000 bytes."`
	Message     json.RawMessage   `json:"message" plugin:"alias=body" doc:"The text of the mail; the pipeline's body when it is not given. What is no text is sent as JSON."`
	Format      string            `json:"format" plugin:"enum=auto|text|html,default=auto" doc:"How message is read: auto takes it for HTML when it is wrapped in one HTML element."`
	Attachments []attachment      `json:"attachments" doc:"Files, each a map of name, contentType, and content or contentBase64."`
	Headers     map[string]string `json:"headers" doc:"Further header fields, such as X-Campaign. Those that a mail's structure, sender or recipients depend on are refused."`
}

// result becomes the body.
type result struct {
	MessageID string `json:"messageId"`
	Accepted  int    `json:"accepted"`
}

func send(call *plugin.Call, in params) (result, error) {
	m := message{date: call.Now(), subject: strings.TrimSpace(in.Subject)}
	if err := checkText("subject", m.subject); err != nil {
		return result{}, err
	}
	recipients, err := m.addresses(call, in)
	if err != nil {
		return result{}, err
	}
	if m.fields, err = extraFields(in.Headers); err != nil {
		return result{}, err
	}
	if m.attachments, err = readAttachments(in.Attachments); err != nil {
		return result{}, err
	}
	text := plugin.TextOf(in.Message)
	if len(in.Message) == 0 || string(in.Message) == "null" {
		text = call.BodyText()
	}
	if m.text = text; in.Format == "html" || in.Format != "text" && isOneElement(text) {
		m.text, m.html = textOfHTML(text), text
	}
	m.id = identify(call)

	type submission struct {
		From       string   `json:"from"`
		Recipients []string `json:"recipients"`
		Message    []byte   `json:"message"`
	}
	var receipt struct {
		ID       string `json:"id"`
		Accepted int    `json:"accepted"`
	}
	err = call.Capability("mail.submit", submission{m.from.address, recipients, m.compose()}, &receipt)
	if err != nil {
		return result{}, err
	}
	return result{receipt.ID, receipt.Accepted}, nil
}

// addresses reads every parameter that holds addresses and gives the recipients of the envelope.
func (m *message) addresses(call *plugin.Call, in params) ([]string, error) {
	var err error
	if m.from, err = sender(call, in.From, in.FromName); err != nil {
		return nil, err
	}
	var hidden []mailbox
	for _, list := range []struct {
		param string
		texts plugin.TextList
		into  *[]mailbox
	}{{"to", in.To, &m.to}, {"cc", in.Cc, &m.cc}, {"bcc", in.Bcc, &hidden}, {"replyTo", in.ReplyTo, &m.replyTo}} {
		if *list.into, err = readMailboxes(list.param, list.texts); err != nil {
			return nil, err
		}
	}
	if len(m.to) == 0 {
		return nil, invalid("to", "holds no address")
	}
	var recipients []string
	for _, list := range [][]mailbox{m.to, m.cc, hidden} {
		for _, b := range list {
			recipients = append(recipients, b.address)
		}
	}
	return recipients, nil
}

// sender reads from and fromName, and asks the host for what is missing.
func sender(call *plugin.Call, from, name string) (mailbox, error) {
	if strings.TrimSpace(from) == "" {
		var defaults struct {
			From     string `json:"from"`
			FromName string `json:"fromName"`
		}
		if err := call.Capability("mail.defaults", struct{}{}, &defaults); err != nil {
			return mailbox{}, err
		}
		if defaults.From == "" {
			return mailbox{}, invalid("from", "is missing, and the configuration has no smtp.from")
		}
		if from = defaults.From; name == "" {
			name = defaults.FromName
		}
	}
	list, err := readMailboxes("from", plugin.TextList{from})
	if err != nil {
		return mailbox{}, err
	}
	if len(list) != 1 {
		return mailbox{}, invalid("from", "needs exactly one address")
	}
	box := list[0]
	if name = strings.TrimSpace(name); name != "" {
		box.name = name
	}
	return box, checkText("fromName", name)
}

// identify gives what the Message-ID is made of. It is the same when a step is repeated, so that the
// receiving side can tell a repeat, and another one for each mail of a loop over the same step.
func identify(call *plugin.Call) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%q %d %q ", call.Run, call.Step, call.Params)
	_, _ = h.Write(call.Body)
	return fmt.Sprintf("%x", h.Sum(nil))
}

func invalid(param, format string, args ...any) *plugin.Error {
	return plugin.Invalidf("mail.invalid", "parameter %q %s", param, fmt.Sprintf(format, args...))
}

// message is a mail before it is composed.
type message struct {
	id          string
	date        time.Time
	from        mailbox
	to, cc      []mailbox
	replyTo     []mailbox
	subject     string
	text        string
	html        string // empty: the mail is plain text
	attachments []file
	fields      []field
}
