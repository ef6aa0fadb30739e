package egress

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

const maxRedirects = 3

var errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

// asking is a request on its way through redirects.
type asking struct {
	to     *target
	method string
	header http.Header
	body   []byte
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow turns a to where a redirect leads, or says why it may not go there.
func (a *asking) follow(g *guard, status int, location string) error {
	ref, err := url.Parse(location)
	if err != nil || strings.Contains(location, `\`) {
		return errors.New("a redirect to a malformed URL")
	}
	to := a.to.url.ResolveReference(ref)
	if to.Scheme != a.to.url.Scheme {
		return errors.New("a redirect to another scheme")
	}
	next, err := g.target(to.String())
	if err != nil {
		return fmt.Errorf("a redirect: %w", err)
	}
	if status == http.StatusSeeOther && a.method != http.MethodHead ||
		(status == http.StatusMovedPermanently || status == http.StatusFound) && a.method == http.MethodPost {
		a.method, a.body = http.MethodGet, nil
		a.header.Del("Content-Type")
	}
	if next.origin() != a.to.origin() {
		if len(a.body) > 0 {
			return errors.New("a redirect that hands the body to another origin")
		}
		a.header = harmless(a.header)
	}
	a.to = next
	return nil
}

// harmless keeps the fields that can hold no credential of ours: anything else may be one, under
// whatever name.
func harmless(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range []string{"Accept", "Accept-Language", "User-Agent"} {
		if v := h.Values(name); len(v) > 0 {
			kept[name] = v
		}
	}
	return kept
}

// ownHeader copies the fields of a request. Those that belong to the connection are refused: they would
// change what is sent to whom.
func ownHeader(h http.Header, agent string) (http.Header, error) {
	own := http.Header{"User-Agent": {agent}}
	for name, values := range h {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch name {
		case "Host", "Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Authorization",
			"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
			return nil, errors.New("a header field belongs to the connection")
		}
		if !isToken(name) || slices.ContainsFunc(values, hasControls) {
			return nil, errors.New("a header field is malformed")
		}
		own[name] = slices.Clone(values)
	}
	return own, nil
}

// isToken says whether a text is a token as RFC 9110 section 5.6.2 has it.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func hasControls(value string) bool {
	return strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}
