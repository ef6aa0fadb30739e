package verify

import (
	"net/url"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// tokenScheme compares a text that the sender sends with every request: in a header, in a parameter of
// the address, or in the body, where a * in the path asks for it in every item of a list.
type tokenScheme struct {
	from    source
	prefix  string // in front of the token in a header; its letter case does not matter
	secrets tokenSecrets
	first   []byte // signs
}

var errTokenMalformed = &Refusal{CredentialsMalformed, "the token does not have the form of the preset, such as its prefix"}

func makeToken(s *preset, _ webhook.Verify, m Material) (scheme, error) {
	plain, err := s.plainSecrets(m)
	if err != nil {
		return nil, err
	}
	return &tokenScheme{s.token.from, s.token.prefix, newTokenSecrets(plain), plain[0].Text}, nil
}

func (t *tokenScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	switch t.from.kind {
	case fromHeader:
		field, r := once(req.Header, t.from.name, errTokenMissing)
		if r != nil {
			return Delivery{}, r
		}
		return Delivery{}, t.compare(field, now)
	case fromQuery:
		text, n := queryValue(req.Target, t.from.name)
		switch {
		case n > 1:
			return Delivery{}, errHeaderRepeated
		case text == "":
			return Delivery{}, errTokenMissing
		}
		return Delivery{}, t.compare([]byte(text), now)
	case fromBody:
		return Delivery{}, t.compareBody(req.Body, now)
	}
	return Delivery{}, errTokenMissing
}

func (t *tokenScheme) compare(text []byte, now time.Time) *Refusal {
	token, ok := cutFold(text, t.prefix)
	if !ok {
		return errTokenMalformed
	}
	return t.secrets.match(token, now)
}

// compareBody looks at every value that the path names, until one is wrong. All have to be right, and
// there has to be one.
func (t *tokenScheme) compareBody(body []byte, now time.Time) *Refusal {
	r := errTokenMissing
	whole := walkJSON(body, t.from.path, func(text []byte, present bool) bool {
		if r = errTokenMissing; present {
			r = t.compare(text, now)
		}
		return r == nil
	})
	if !whole {
		return errBodyMalformed
	}
	return r
}

func (t *tokenScheme) sign(o *Outgoing) error {
	text := t.prefix + string(t.first)
	switch t.from.kind {
	case fromHeader:
		o.set(t.from.name, text)
	case fromQuery:
		o.URL = withParameter(o.URL, url.QueryEscape(t.from.name), url.QueryEscape(text))
	case fromBody:
		v, err := value.Decode(o.Body)
		if err != nil || !t.from.path.set(v, text) {
			return invalid("body", "the body has no place for the token, which is %s", strings.Join(t.from.path, "."))
		}
		o.Body, err = value.AppendJSON(nil, v)
		return err
	}
	return nil
}
