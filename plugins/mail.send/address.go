package main

import (
	"net/mail"
	"strings"

	plugin "github.com/penstock/penstock/sdk/go"
)

// mailbox is an address with or without a name.
type mailbox struct{ name, address string }

// readMailboxes reads texts of which each holds addresses joined by commas. Empty texts hold none.
func readMailboxes(param string, texts plugin.TextList) ([]mailbox, error) {
	var out []mailbox
	for _, text := range texts {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := checkList(param, text); err != nil {
			return nil, err
		}
		list, err := mail.ParseAddressList(text)
		if err != nil {
			return nil, invalid(param, "is not a list of mail addresses")
		}
		for _, a := range list {
			if !isAddress(a.Address) {
				return nil, invalid(param, "holds an address that is not of the form name@host in ASCII")
			}
			if err := checkText(param, a.Name); err != nil { // a name may have hidden it in an encoded word
				return nil, err
			}
			out = append(out, mailbox{a.Name, a.Address})
		}
	}
	return out, nil
}

// checkList is checkText without its length: a list of addresses may be long, each of them is not.
func checkList(param, text string) error {
	for item := range strings.SplitSeq(text, ",") {
		if err := checkText(param, item); err != nil {
			return err
		}
	}
	return nil
}

// isAddress reports whether s is name@host without quoting, comments, routes or address literals.
func isAddress(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && len(local) <= 64 && len(host) <= 253 &&
		isDotted(local, "#$&'*+/=?^_`{|}~-") && isDotted(host, "-_")
}

// isDotted reports whether s is made of words joined by dots, of ASCII letters, digits and others.
func isDotted(s, others string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" || len(word) > 64 {
			return false
		}
		for _, c := range []byte(word) {
			if !isAlphanumeric(c) && strings.IndexByte(others, c) < 0 {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// words gives the mailbox as a header writes it, in pieces that a line may be broken between.
func (m mailbox) words() []string {
	if m.name == "" {
		return []string{"<" + m.address + ">"}
	}
	if !isPlain(m.name) || len(m.name) > hardLine/2 {
		return append(strings.Split(encodeWords(m.name), " "), "<"+m.address+">")
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.name)
	return []string{`"` + quoted + `"`, "<" + m.address + ">"}
}

// mailboxes gives the line of a field with addresses, nothing when there are none.
func mailboxes(name string, list []mailbox) string {
	var words []string
	for i, m := range list {
		words = append(words, m.words()...)
		if i < len(list)-1 {
			words[len(words)-1] += ","
		}
	}
	if len(words) == 0 {
		return ""
	}
	return fold(name, words)
}
