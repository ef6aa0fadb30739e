package verify_test

import (
	"net/url"
	"slices"
	"strings"

	"github.com/penstock/penstock/ingress/verify"
)

// proofHeaders are the fields of the schemes that are written in Go; the others say theirs in their files.
var proofHeaders = map[string][]string{
	"basic":   {"authorization"},
	"jwt":     {"authorization"},
	"paypal":  {"paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig", "paypal-cert-url", "paypal-auth-algo"},
	"rfc9421": {"signature", "signature-input", "content-digest"},
	"twilio":  {"x-twilio-signature"},
	"mtls":    {"client-cert"},
}

// headers changes each header field of the proof.
func (a *attack) headers() {
	carriers := append(a.p.Carriers(a.Preset), proofHeaders[a.Kind]...)
	for _, option := range []string{"header", "timestampHeader"} {
		if field := a.Settings.Options.First(option); field != "" {
			carriers = append(carriers, strings.ToLower(field))
		}
	}
	if a.Kind == "ip" {
		return // an address is no proof that is sent
	}
	for i, line := range a.Fields {
		name, text, _ := strings.Cut(line, ":")
		text = strings.TrimPrefix(text, " ")
		if slices.Contains(carriers, strings.ToLower(name)) {
			a.header(i, name, text)
		}
	}
}

func (a *attack) header(at int, name, text string) {
	put := func(class string, uncovered func(verify.Delivery) string, lines ...string) {
		all := slices.Concat(a.Fields[:at], lines, a.Fields[at+1:])
		a.try(class, a.with(all), a.Now, uncovered)
	}
	unsigned := a.unsigned(name)
	put("a header dropped", because(a.besides(name)))
	put("a header that is empty", because(a.besides(name)), name+": ")
	twice := a.besides(name)
	if !strings.HasPrefix(twice, "a header of another") && !strings.HasPrefix(twice, "content-digest") {
		twice = ""
	}
	for _, second := range []string{text, "x", "", text + "x"} {
		put("a header twice", because(twice), name+": "+text, name+": "+second)
		put("a header twice", because(twice), strings.ToUpper(name)+": "+second, name+": "+text)
	}
	for _, other := range []string{"X-" + name, name + "-2", name + "_", strings.ReplaceAll(name, "-", "_") + "_", name + " ", " " + name, name[1:]} {
		put("a header renamed", because(a.besides(name)), other+": "+text)
	}
	change := func(class, other string) {
		if other == text {
			return
		}
		put(class, func(verify.Delivery) string {
			if unsigned != "" {
				return unsigned
			}
			return a.harmless(name, text, other)
		}, name+":"+" "+other)
	}
	for _, i := range sampled(len(text), 100) {
		for _, bit := range []byte{1, 2, 0x20, 0x80} {
			b := []byte(text)
			b[i] ^= bit
			change("a byte of a header changed", string(b))
		}
		change("a byte put into a header", text[:i]+" "+text[i:])
		change("a byte put into a header", text[:i]+","+text[i:])
		change("a byte taken out of a header", text[:i]+text[i+1:])
	}
	for _, other := range []string{
		" " + text, "\t" + text, text + " ", text + "\t", "," + text, text + ",", text + ", ", text + ";", text + "=", text + "==",
		text + "," + text, text + ", " + text, text + " " + text, text + ";" + text, `"` + text + `"`, "'" + text + "'",
		text + "\r\n", "\n" + text, text + "\x00", "0x" + text, "+" + text, "-" + text, "0" + text, text + "0", text + "00", text + ".0",
		strings.ToUpper(text), strings.ToLower(text), strings.NewReplacer("+", "-", "/", "_").Replace(text),
		strings.NewReplacer("-", "+", "_", "/").Replace(text), strings.TrimRight(text, "="), strings.ReplaceAll(text, "=", "%3D"),
		"%" + text, "\ufeff" + text, strings.Repeat(text, 40),
	} {
		change("a header in another writing", other)
	}
}

// unsigned says why a field may have another text: it is read, but nothing covers it.
func (a *attack) unsigned(name string) string {
	is := func(other string) bool { return strings.EqualFold(name, other) }
	delivery, signed := a.verifier.DeliveryHeader(a.Request)
	switch {
	case is(delivery) && !signed:
		return "the id of the delivery"
	case a.Kind == "template" && !is(delivery) && !is(a.Signature) && !is(a.Timestamp), a.Kind == "token" && !is(a.verifier.TokenHeader(a.Request)):
		return "a header of another scheme of the sender"
	case is("paypal-cert-url") && a.Material.Fetch == nil:
		return "the address of PayPal's certificate, where keys are pinned"
	case is("content-digest") && !slices.ContainsFunc(a.Fields, func(f string) bool { return strings.Contains(f, `"content-digest"`) }):
		return "content-digest, where a message signature does not cover it"
	}
	return ""
}

// besides says why a request may do without a field, or have it twice.
func (a *attack) besides(name string) string {
	why := a.unsigned(name)
	_, text := a.replaced(name, func(s string) string { return s })
	same := func(line string) bool { return strings.HasSuffix(line, ": "+text) }
	if why == "" && len(slices.DeleteFunc(slices.Clone(a.Fields), func(f string) bool { return !same(f) })) > 1 {
		return "a signature that is there under two names"
	}
	// Only one who sends the secret itself may leave out the id.
	if why == "the id of the delivery" && a.Kind != "token" || strings.Contains(why, "PayPal") {
		return ""
	}
	return why
}

// harmless says why another text of a field means the same.
func (a *attack) harmless(name, text, other string) string {
	list := a.Kind == "template" && strings.EqualFold(name, a.Signature) && a.Separator != ""
	if list {
		if a.holds(text, other) {
			return "in a list of signatures: white space, letter case of hex, and further items"
		}
		return ""
	}
	switch {
	case a.Kind == "template" && strings.EqualFold(name, a.Signature) && a.Encoding == "hex" &&
		strings.HasPrefix(other, a.Prefix) && strings.EqualFold(text, other):
		return "the letter case of hex"
	case (a.Kind == "token" || a.Kind == "jwt" || a.Kind == "basic") && strings.EqualFold(text, other) && afterSpace(text) == afterSpace(other):
		return "the letter case of the authorization scheme"
	case a.Kind == "jwt" && strings.EqualFold(other[:min(7, len(other))], "Bearer ") && strings.Join(strings.Fields(text)[1:], " ") == strings.TrimLeft(other[7:], " "):
		return "spaces between Bearer and its token"
	case a.Kind == "rfc9421" && squeezed(text) == squeezed(other):
		return "white space of structured fields"
	case a.Kind == "rfc9421" && strings.EqualFold(name, "signature") && other == text+";"+text:
		return "a parameter of a signature, which means nothing"
	case a.Kind == "rfc9421" && strings.HasPrefix(text, "px=") && strings.HasSuffix(other, text[strings.Index(text, "sig1="):]):
		return "another signature beside the one that holds"
	case a.Kind == "mtls" && strings.HasPrefix(unescaped(other), unescaped(text)):
		return "white space of PEM, and further certificates"
	case a.Kind == "mtls" && strings.HasSuffix(text, "=:") && loose(text) == loose(other):
		return "bits behind the end of a certificate's base64"
	}
	return ""
}

// holds reports whether a list has the timestamps of the genuine one and a signature that holds. What else
// is in it is passed over.
func (a *attack) holds(text, other string) bool {
	stamps, _ := a.items(text)
	otherStamps, signatures := a.items(other)
	return slices.Equal(stamps, otherStamps) && slices.ContainsFunc(signatures, func(s string) bool {
		return slices.Contains(a.genuineSignatures(), s)
	})
}

// items gives the timestamps and the signatures of a list.
func (a *attack) items(text string) (stamps, signatures []string) {
	for i, item := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(a.Separator, c) }) {
		item = strings.Trim(item, " ")
		signature, ok := strings.CutPrefix(item, a.Prefix)
		switch {
		case a.TimestampFirst && i == 0:
			stamps = append(stamps, item)
		case ok && a.Encoding == "hex":
			signatures = append(signatures, strings.ToLower(signature))
		case ok:
			signatures = append(signatures, signature)
		case a.TimestampPrefix != "" && strings.HasPrefix(item, a.TimestampPrefix) && a.Timestamp == a.Signature:
			stamps = append(stamps, item)
		}
	}
	if len(a.Separator) > 1 { // each set has the timestamp
		stamps = slices.Compact(stamps)
	}
	return stamps, signatures
}

// genuineSignatures are those of the request that hold, each alone.
func (a *attack) genuineSignatures() []string {
	if a.genuineOnes != nil {
		return a.genuineOnes
	}
	_, text := a.replaced(a.Signature, func(s string) string { return s })
	stamps, signatures := a.items(text)
	for _, s := range signatures {
		lines, _ := a.replaced(a.Signature, func(string) string {
			return strings.Join(append(slices.Clone(stamps), a.Prefix+s), a.Separator)
		})
		if a.verdict(a.with(lines), a.Now) == "" {
			a.genuineOnes = append(a.genuineOnes, s)
		}
	}
	return a.genuineOnes
}

func afterSpace(text string) string {
	_, rest, _ := strings.Cut(text, " ")
	return rest
}

// unescaped gives PEM without white space, which some proxies escape.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return strings.Join(strings.Fields(text), "")
}

// loose gives base64 in a structured field without the character that holds the last bits.
func loose(text string) string {
	text = strings.TrimRight(text, "=:")
	return text[:len(text)-1]
}

func squeezed(text string) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' {
			return -1
		}
		return c
	}, text)
}
