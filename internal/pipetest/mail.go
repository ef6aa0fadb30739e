package pipetest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
)

// mail is a message as a case compares it.
type mail struct {
	from        string
	to          []string
	subject     string
	text, html  string
	headers     map[string]any
	attachments []any
}

// mostParts of one message are looked at, and so many bytes of each.
const (
	mostMailParts = 100
	mostMailText  = 1 << 20
)

// readMail reads a message as far as it can be read.
func readMail(from string, recipients []string, message []byte) mail {
	m := mail{from: from, to: recipients, headers: map[string]any{}, attachments: []any{}}
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		m.text = string(message)
		return m
	}
	var words mime.WordDecoder
	for name, values := range parsed.Header {
		text := strings.Join(values, ", ")
		if decoded, err := words.DecodeHeader(text); err == nil {
			text = decoded
		}
		m.headers[name] = text
	}
	m.subject, _ = m.headers["Subject"].(string)
	if address, err := netmail.ParseAddress(parsed.Header.Get("From")); err == nil {
		m.from = address.Address
	}
	left := mostMailParts
	m.part(textproto.MIMEHeader(parsed.Header), parsed.Body, &left)
	return m
}

// part reads one part of a message and those in it.
func (m *mail) part(header textproto.MIMEHeader, body io.Reader, left *int) {
	if *left--; *left < 0 {
		return
	}
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for *left > 0 {
			p, err := r.NextRawPart()
			if err != nil {
				return
			}
			m.part(p.Header, p, left)
		}
		return
	}
	disposition, names, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	name := names["filename"]
	if name == "" {
		name = params["name"]
	}
	if disposition == "attachment" || name != "" {
		m.attachments = append(m.attachments, name)
		return
	}
	text := plainBody(header.Get("Content-Transfer-Encoding"), body)
	switch {
	case kind == "text/html" && m.html == "":
		m.html = text
	case m.text == "":
		m.text = text
	}
}

func plainBody(encoding string, body io.Reader) string {
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, _ := io.ReadAll(io.LimitReader(body, mostMailText))
	return strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
}

func (m *mail) value() map[string]any {
	var to any
	if len(m.to) == 1 {
		to = m.to[0]
	} else {
		list := make([]any, len(m.to))
		for i, address := range m.to {
			list[i] = address
		}
		to = list
	}
	return map[string]any{
		"from": m.from, "to": to, "subject": m.subject, "text": m.text, "html": m.html, "headers": m.headers, "attachments": m.attachments,
	}
}
