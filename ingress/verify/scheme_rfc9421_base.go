package verify

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/dunglas/httpsfv"
)

// knownComponent reports whether a webhook may ask for a component.
func knownComponent(name string) bool {
	switch name {
	case "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query":
		return true
	}
	return name != "" && name == strings.ToLower(name) && len(name) <= 64 && !strings.ContainsFunc(name, func(c rune) bool {
		return c > '~' || !nameByte(byte(c))
	})
}

// signatureBase builds the text that is signed (RFC 9421, 2.5). What it says of the address comes from
// Request.URL, so from the configuration.
func signatureBase(req *Request, in *signatureInput) ([]byte, *Refusal) {
	var base bytes.Buffer
	for _, name := range in.components {
		text, r := component(req, name)
		if r != nil {
			return nil, r
		}
		if strings.HasPrefix(name, `"`) {
			base.WriteString(name)
		} else {
			base.WriteString(`"` + name + `"`)
		}
		base.WriteString(": ")
		base.WriteString(text)
		base.WriteByte('\n')
	}
	base.WriteString(`"@signature-params": `)
	base.WriteString(in.params)
	return base.Bytes(), nil
}

// component gives the value of one covered component. A component with parameters stands in its quotes.
func component(req *Request, name string) (string, *Refusal) {
	switch {
	case name == "@method":
		return req.Method, nil
	case strings.HasPrefix(name, "@"), strings.HasPrefix(name, `"@`):
		return fromAddress(req.URL, name)
	case !knownComponent(name):
		return "", errComponentsUnknown
	}
	values := req.Header.Values(name)
	if len(values) == 0 {
		return "", errComponentsUnknown
	}
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = string(bytes.Trim(v, " \t"))
		if strings.ContainsAny(lines[i], "\r\n\x00") {
			return "", errComponentsUnknown
		}
	}
	return strings.Join(lines, ", "), nil
}

// fromAddress gives a component of the address. The address is taken apart as it is written, because what
// is decoded and written again may differ from what the sender saw.
func fromAddress(address, name string) (string, *Refusal) {
	if address == "" {
		return "", errURLUnknown
	}
	address, _, _ = strings.Cut(address, "#")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return "", errURLUnknown
	}
	scheme = strings.ToLower(scheme)
	target := ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest, target = rest[:end], rest[end:]
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	path, query, _ := strings.Cut(target, "?")
	switch name {
	case "@target-uri":
		return address, nil
	case "@scheme":
		return scheme, nil
	case "@authority":
		return authority(scheme, rest), nil
	case "@request-target":
		return target, nil
	case "@path":
		return path, nil
	case "@query":
		return "?" + query, nil
	}
	return queryParam(query, name)
}

// authority is the host in lower case, without the port that the scheme has anyway.
func authority(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// queryParam gives the value of "@query-param";name="...", which must name a parameter that occurs once.
func queryParam(query, component string) (string, *Refusal) {
	item, err := httpsfv.UnmarshalItem([]string{component})
	if err != nil || item.Value != "@query-param" || len(item.Params.Names()) != 1 {
		return "", errComponentsUnknown
	}
	v, _ := item.Params.Get("name")
	want, isText := v.(string)
	if !isText {
		return "", errComponentsUnknown
	}
	value, count := "", 0
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, text, _ := strings.Cut(pair, "=")
		key, keyOK := rewrite(key)
		text, textOK := rewrite(text)
		if !keyOK || !textOK {
			return "", errComponentsUnknown
		}
		if key == want {
			value = text
			count++
		}
	}
	if count != 1 {
		return "", errComponentsUnknown
	}
	return value, nil
}

// rewrite decodes a part of a query and encodes it in the one way of RFC 9421, 2.2.8.
func rewrite(text string) (string, bool) {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return "", false
	}
	const upper = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(plain) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("*-._", c) >= 0 {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', upper[c>>4], upper[c&15]})
		}
	}
	return out.String(), true
}
