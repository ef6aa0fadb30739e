package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// forms gives every spelling in which a secret is looked for.
func forms(text string) []string {
	raw := []byte(text)
	list := []string{text, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw))}

	quoted := strconv.Quote(text)
	list = append(list, quoted[1:len(quoted)-1])
	if encoded, err := json.Marshal(text); err == nil {
		list = append(list, string(encoded[1:len(encoded)-1]))
	}

	var all strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&all, "%%%02X", c)
	}
	for _, percent := range []string{url.QueryEscape(text), url.PathEscape(text), all.String()} {
		list = append(list, percent, lowerPercent(percent))
	}

	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		list = append(list, alphabet.EncodeToString(raw), alphabet.WithPadding(base64.NoPadding).EncodeToString(raw))
		list = append(list, inside(alphabet, raw)...)
	}
	return list
}

// inside gives the parts of a base64 text that depend on the secret alone, when the secret stands
// somewhere inside what was encoded (user:password, for example): one for each of the three ways in which
// it can lie across the groups of three bytes.
func inside(alphabet *base64.Encoding, raw []byte) []string {
	alphabet = alphabet.WithPadding(base64.NoPadding)
	list := make([]string, 0, 3)
	for before := range 3 {
		text := alphabet.EncodeToString(append(make([]byte, before), raw...))
		first := (before*8 + 5) / 6
		last := (before + len(raw)) * 8 / 6
		list = append(list, text[first:last])
	}
	return list
}

// lowerPercent writes the digits of %XX in lower case.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
