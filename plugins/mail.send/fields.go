package main

import (
	"maps"
	"slices"
	"strings"
)

// field is a header field of the parameter headers.
type field struct{ name, text string }

// extraFields reads the parameter headers.
func extraFields(headers map[string]string) ([]field, error) {
	var out []field
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lower := strings.ToLower(name)
		if !isDotless(name) || len(name) > 60 {
			return nil, invalid("headers", "holds a name that is not made of letters, digits and -")
		}
		if isStructural(lower) {
			return nil, invalid("headers", "holds the field %s, which belongs to the command", lower)
		}
		if seen[lower] {
			return nil, invalid("headers", "holds the field %s twice", lower)
		}
		seen[lower] = true
		text := strings.TrimSpace(headers[name])
		if err := checkText("headers", text); err != nil {
			return nil, err
		}
		out = append(out, field{name, text})
	}
	return out, nil
}

func isDotless(name string) bool {
	return name != "" && strings.IndexFunc(name, func(c rune) bool { return c > '~' || !isAlphanumeric(byte(c)) && c != '-' }) < 0
}

// isStructural reports whether a field says who sends to whom, how the message is built, or what happened
// to it on its way.
func isStructural(lower string) bool {
	for _, prefix := range []string{"content-", "resent-", "arc-", "x-original-", "dkim-", "list-unsubscribe-post"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version",
		"received", "return-path", "return-receipt-to", "disposition-notification-to", "errors-to",
		"delivered-to", "envelope-to", "apparently-to", "authentication-results", "received-spf", "domainkey-signature",
	}, lower)
}
