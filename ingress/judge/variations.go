package judge

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/penstock/penstock/ingress/verify"
)

// secretVariations are the usual slips with a secret.
func secretVariations() []variation {
	each := func(change func([]byte) []byte) func(*Setup, *probe) bool {
		return func(s *Setup, _ *probe) bool {
			var changed []verify.Secret
			for _, secret := range s.Material.Secrets {
				if text := change(secret.Text); len(text) > 0 && !bytes.Equal(text, secret.Text) {
					changed = append(changed, verify.Secret{Text: text})
				}
			}
			s.Material.Secrets = changed
			return len(changed) > 0
		}
	}
	decoded := func(decode func(string) ([]byte, error)) func([]byte) []byte {
		return func(text []byte) []byte {
			raw, err := decode(string(bytes.TrimSpace(text)))
			if err != nil {
				return nil
			}
			return raw
		}
	}
	prefixed := func(prefix string) func([]byte) []byte {
		return func(text []byte) []byte {
			if rest, had := bytes.CutPrefix(text, []byte(prefix)); had {
				return rest
			}
			return append([]byte(prefix), text...)
		}
	}
	return []variation{
		{Hint{"secret.whitespace", "the secret has white space or a line end around it; take it away"}, each(bytes.TrimSpace)},
		{Hint{"secret.quotes", "the secret has quotation marks around it; take them away"}, each(func(b []byte) []byte { return bytes.Trim(b, `"'`) })},
		{Hint{"secret.newline", "the sender signs with a secret that ends in a line feed, which is missing here"}, each(func(b []byte) []byte { return append(bytes.Clone(b), '\n') })},
		{Hint{"secret.prefix", "the secret is given with whsec_ where it is signed without, or the other way round"}, each(prefixed("whsec_"))},
		{Hint{"secret.base64", "the sender decodes the secret from base64 before it signs; this preset takes it as text"}, each(decoded(base64.StdEncoding.DecodeString))},
		{Hint{"secret.hex", "the sender decodes the secret from hex before it signs; this preset takes it as text"}, each(decoded(hex.DecodeString))},
		{Hint{"secret.text", "the sender signs with the secret as text; this preset decodes it from base64"}, each(func(b []byte) []byte {
			return []byte(base64.StdEncoding.EncodeToString(b))
		})},
		{Hint{"secret.case", "the secret is in the other letter case"}, each(bytes.ToLower)},
		{Hint{"secret.case", "the secret is in the other letter case"}, each(bytes.ToUpper)},
	}
}

// bodyVariations are what happens to bodies on their way.
func bodyVariations() []variation {
	body := func(change func([]byte) []byte) func(*Setup, *probe) bool {
		return func(_ *Setup, p *probe) bool {
			changed := change(p.body)
			same := changed == nil || bytes.Equal(changed, p.body)
			p.body = changed
			return !same
		}
	}
	indented := func(prefix string) func([]byte) []byte {
		return func(b []byte) []byte {
			var out bytes.Buffer
			if json.Indent(&out, b, "", prefix) != nil {
				return nil
			}
			return out.Bytes()
		}
	}
	const again = "the body is JSON that was parsed and written again on its way (%s); the signature is over the bytes as they were sent"
	reserialised := func(how string) Hint { return Hint{"body.reserialised", strings.Replace(again, "%s", how, 1)} }
	return []variation{
		{Hint{"body.newline", "the body has a line end behind it that was not signed, perhaps from an editor or from echo"}, body(func(b []byte) []byte { return bytes.TrimRight(b, "\r\n") })},
		{Hint{"body.newline", "the body misses the line feed at its end that was signed"}, body(func(b []byte) []byte { return append(b, '\n') })},
		{Hint{"body.newline", "the body misses the CRLF at its end that was signed"}, body(func(b []byte) []byte { return append(bytes.TrimRight(b, "\r\n"), "\r\n"...) })},
		{Hint{"body.line_ends", "the line ends in the body were changed from LF to CRLF"}, body(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) })},
		{Hint{"body.line_ends", "the line ends in the body were changed from CRLF to LF"}, body(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) })},
		{Hint{"body.bom", "the body begins with a byte order mark that was not signed"}, body(func(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) })},
		{reserialised("white space was added"), body(compact)},
		{reserialised("white space was taken away"), body(spaced)},
		{reserialised("its indentation by two spaces is gone"), body(indented("  "))},
		{reserialised("its indentation by four spaces is gone"), body(indented("    "))},
		{reserialised("its indentation by tabs is gone"), body(indented("\t"))},
		{reserialised("characters were escaped, or are no longer"), body(rewritten(false))},
		{reserialised("characters such as < and > were escaped, or are no longer"), body(rewritten(true))},
		{reserialised("slashes were escaped, or are no longer"), body(slashes)},
		{Hint{"body.empty", "the signature is over an empty body: something on the way added one, or the sender signs none"}, body(func([]byte) []byte { return []byte{} })},
	}
}

func compact(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return nil
	}
	return out.Bytes()
}

// spaced writes JSON with a space behind each colon and comma, as some languages do.
func spaced(b []byte) []byte {
	tight := compact(b)
	out := make([]byte, 0, len(tight)+len(tight)/8)
	quoted := false
	for i, c := range tight {
		if c == '"' && (i == 0 || !escaped(tight[:i])) {
			quoted = !quoted
		}
		out = append(out, c)
		if !quoted && (c == ',' || c == ':') {
			out = append(out, ' ')
		}
	}
	return out
}

func escaped(before []byte) bool {
	n := 0
	for n < len(before) && before[len(before)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// rewritten parses and writes JSON with its numbers kept; the fields are sorted.
func rewritten(html bool) func([]byte) []byte {
	return func(b []byte) []byte {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			return nil
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(html)
		if e.Encode(v) != nil {
			return nil
		}
		return bytes.TrimRight(out.Bytes(), "\n")
	}
}

func slashes(b []byte) []byte {
	if bytes.Contains(b, []byte(`\/`)) {
		return bytes.ReplaceAll(b, []byte(`\/`), []byte("/"))
	}
	return bytes.ReplaceAll(b, []byte("/"), []byte(`\/`))
}

// urlVariations are for schemes that sign the address.
func urlVariations(p probe) []variation {
	u, err := url.Parse(p.url)
	if p.url == "" || err != nil {
		return nil
	}
	to := func(cause, text string, change func(*url.URL)) variation {
		return variation{Hint{cause, text}, func(_ *Setup, p *probe) bool {
			changed := *u
			change(&changed)
			before := p.url
			p.url = changed.String()
			return p.url != before
		}}
	}
	host := ""
	if value, n := p.header.Field("Host"); n == 1 {
		host = string(value)
	}
	forwarded := ""
	if value, n := p.header.Field("X-Forwarded-Host"); n == 1 {
		forwarded = string(value)
	}
	otherScheme := map[string]string{"http": "https", "https": "http"}[u.Scheme]
	out := []variation{
		to("url.scheme", "the sender signed an address with "+otherScheme+"; set ingress.url to the address as the sender knows it", func(u *url.URL) { u.Scheme = otherScheme }),
		to("url.port", "the sender signed the address without its port; set ingress.url to the address as the sender knows it", func(u *url.URL) { u.Host = u.Hostname() }),
		to("url.slash", "the sender signed the address with another slash at its end", func(u *url.URL) {
			if strings.HasSuffix(u.Path, "/") {
				u.Path = strings.TrimRight(u.Path, "/")
			} else {
				u.Path += "/"
			}
		}),
		to("url.query", "the sender signed the address without its query", func(u *url.URL) { u.RawQuery = "" }),
	}
	for _, name := range []string{host, forwarded} {
		if name == "" {
			continue
		}
		out = append(out,
			to("url.host", "the sender signed the host "+name+", which is not the configured one: a proxy changes it, or ingress.url is another name", func(u *url.URL) { u.Host = name }),
			to("url.host", "the sender signed "+otherScheme+" and the host "+name+", which are not the configured ones: set ingress.url to the address as the sender knows it", func(u *url.URL) { u.Host, u.Scheme = name, otherScheme }))
	}
	return out
}
