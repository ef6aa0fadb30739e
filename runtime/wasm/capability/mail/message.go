package mail

import (
	"bytes"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// maxLine is the longest line of a message without its end, in bytes.
const maxLine = 998

// normalize gives the message with every line ended by CRLF and nothing else that a server could take
// for a line end, so that the transport's dot-stuffing sees every line that the server will see.
func normalize(raw []byte) ([]byte, error) {
	out := make([]byte, 0, len(raw)+len(raw)/32+2)
	for len(raw) > 0 {
		end := bytes.IndexAny(raw, "\r\n")
		line, rest := raw, raw[len(raw):]
		if end >= 0 {
			line, rest = raw[:end], raw[end+1:]
			if raw[end] == '\r' && len(rest) > 0 && rest[0] == '\n' {
				rest = rest[1:]
			}
		}
		if len(line) > maxLine {
			return nil, fault.New(fault.MailInvalid, "the message has a line of more than %d bytes", maxLine)
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return nil, fault.New(fault.MailInvalid, "the message holds a NUL byte")
		}
		out = append(append(out, line...), '\r', '\n')
		raw = rest
	}
	return out, nil
}

// field is one line of the header, unfolded.
type field struct{ name, text string }

// parseHeader reads the header of a normalized message.
func parseHeader(message []byte) ([]field, error) {
	var fields []field
	for len(message) > 0 {
		line, rest, _ := bytes.Cut(message, []byte("\r\n"))
		message = rest
		if len(line) == 0 {
			return fields, nil
		}
		for _, c := range line {
			if c != '\t' && (c < ' ' || c > '~') {
				return nil, fault.New(fault.MailInvalid, "the header holds a character beyond printable ASCII")
			}
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(fields) == 0 {
				return nil, fault.New(fault.MailInvalid, "the header begins with a folded line")
			}
			fields[len(fields)-1].text += string(line)
			continue
		}
		name, text, ok := strings.Cut(string(line), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fault.New(fault.MailInvalid, "the header holds a line that is no field")
		}
		fields = append(fields, field{strings.ToLower(name), text})
	}
	return fields, nil
}

// checkMessage holds the header against the grant and gives the Message-ID.
func (g *grant) checkMessage(message []byte, from string) (string, error) {
	fields, err := parseHeader(message)
	if err != nil {
		return "", err
	}
	once := []string{"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}
	seen := map[string]string{}
	for _, f := range fields {
		if _, again := seen[f.name]; again && slices.Contains(once, f.name) {
			return "", fault.New(fault.MailInvalid, "the header holds the field %s twice", f.name)
		}
		if f.name == "bcc" || strings.HasPrefix(f.name, "resent-") {
			return "", fault.New(fault.MailInvalid, "the header holds the field %s", f.name)
		}
		seen[f.name] = f.text
	}
	for _, name := range []string{"from", "sender"} {
		text, ok := seen[name]
		if !ok && name == "sender" {
			continue
		}
		list, err := netmail.ParseAddressList(text)
		if err != nil || len(list) != 1 || !validAddress(list[0].Address) {
			return "", fault.New(fault.MailInvalid, "the header needs exactly one mailbox in the field %s", name)
		}
		if address := list[0].Address; !strings.EqualFold(address, from) && !matchAny(g.senders, address) {
			return "", fault.New(fault.MailSender, "the grant does not allow the mailbox in the field %s", name)
		}
	}
	return strings.TrimSpace(seen["message-id"]), nil
}
