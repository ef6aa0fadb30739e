package main

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strconv"
	"strings"
	"time"
)

// entity is a part of the message: content, or parts when there are any.
type entity struct {
	contentType string
	disposition string
	content     []byte
	isText      bool // encoded as quoted-printable, else as base64
	parts       []entity
}

// compose gives the message with its header, in ASCII and with every line ended by CRLF.
func (m *message) compose() []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(m.from.address, "@")
	b.WriteString(mailboxes("From", []mailbox{m.from}))
	b.WriteString(mailboxes("Reply-To", m.replyTo))
	b.WriteString(mailboxes("To", m.to))
	b.WriteString(mailboxes("Cc", m.cc))
	if m.subject != "" {
		b.WriteString(unstructured("Subject", m.subject))
	}
	b.WriteString("Date: " + m.date.UTC().Format(time.RFC1123Z) + "\r\n")
	b.WriteString("Message-ID: <" + m.id + "@" + domain + ">\r\n")
	for _, f := range m.fields {
		b.WriteString(unstructured(f.name, f.text))
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	// Neither encoding of a part can give "=_", so a boundary with it occurs in no part.
	m.structure().write(&b, m.id, 0)
	return b.Bytes()
}

// structure arranges text, HTML and attachments.
func (m *message) structure() entity {
	content := entity{contentType: "text/plain; charset=utf-8", content: []byte(m.text), isText: true}
	if m.html != "" {
		page := entity{contentType: "text/html; charset=utf-8", content: []byte(m.html), isText: true}
		content = entity{contentType: "multipart/alternative", parts: []entity{content, page}}
	}
	if len(m.attachments) == 0 {
		return content
	}
	mixed := entity{contentType: "multipart/mixed", parts: []entity{content}}
	for _, f := range m.attachments {
		mixed.parts = append(mixed.parts, entity{contentType: f.contentType, disposition: f.disposition, content: f.content})
	}
	return mixed
}

func (e entity) write(b *bytes.Buffer, id string, depth int) {
	if len(e.parts) > 0 {
		boundary := "=_" + strconv.Itoa(depth) + "_" + id // none begins with another one
		b.WriteString("Content-Type: " + e.contentType + ";\r\n boundary=\"" + boundary + "\"\r\n")
		for _, p := range e.parts {
			b.WriteString("\r\n--" + boundary + "\r\n")
			p.write(b, id, depth+1)
		}
		b.WriteString("\r\n--" + boundary + "--\r\n")
		return
	}
	b.WriteString(foldParameters("Content-Type", e.contentType))
	if e.disposition != "" {
		b.WriteString(foldParameters("Content-Disposition", e.disposition))
	}
	if e.isText {
		b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
		w := quotedprintable.NewWriter(b)
		_, _ = w.Write(e.content) // into memory: cannot fail
		_ = w.Close()
		return
	}
	b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	writeBase64(b, e.content)
}

func foldParameters(name, v string) string {
	if len(name)+len(v)+2 <= softLine {
		return name + ": " + v + "\r\n"
	}
	return name + ": " + strings.ReplaceAll(v, "; ", ";\r\n ") + "\r\n"
}

func writeBase64(b *bytes.Buffer, content []byte) {
	const perLine = 57 // bytes that make 76 characters
	var line [76]byte
	for len(content) > 0 {
		n := min(perLine, len(content))
		base64.StdEncoding.Encode(line[:], content[:n])
		b.Write(line[:base64.StdEncoding.EncodedLen(n)])
		b.WriteString("\r\n")
		content = content[n:]
	}
}
