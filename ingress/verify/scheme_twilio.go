package verify

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what Twilio signs with
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// twilioScheme proves X-Twilio-Signature: an HMAC-SHA1 of the address, behind which the parameters of a
// form follow, sorted, each as name and value. Any other body is covered by its SHA-256 in the parameter
// bodySHA256 of the address.
//
// Where a name ends and its value starts is not signed. The delivery is named by the signed text, so
// that another reading of it is a repeated delivery.
type twilioScheme struct {
	secrets macSecrets
	first   []byte // signs
}

const (
	twilioHeader = "X-Twilio-Signature"
	twilioDigest = "bodySHA256"

	maxTwilioPairs = 1000
)

var (
	errTwilioUnsigned = &Refusal{DigestMismatch, "the body is no form and the address has no bodySHA256, so nothing proves the body"}
	errTwilioDigest   = &Refusal{DigestMismatch, "the body is not the one that bodySHA256 of the address names"}
	errTwilioForm     = &Refusal{BodyMalformed, "the body is not a well escaped form, or has too many parameters"}
	errTwilioGet      = &Refusal{BodyMalformed, "a GET has a body, which nothing proves"}
)

func makeTwilio(s *preset, _ webhook.Verify, m Material) (scheme, error) {
	plain, err := s.plainSecrets(m)
	if err != nil {
		return nil, err
	}
	return &twilioScheme{newMACSecrets(plain, sha1.New), plain[0].Text}, nil
}

func (t *twilioScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	field, r := once(req.Header, twilioHeader, errSignatureMissing)
	if r != nil {
		return Delivery{}, r
	}
	var room [sha1.Size]byte
	digest, ok := decodeExactly(room[:], field)
	if !ok {
		return Delivery{}, errSignatureMalformed
	}
	at, ok := splitAddress(req.URL)
	if !ok {
		return Delivery{}, errURLUnknown
	}
	form, r := twilioContent(req, at)
	if r != nil {
		return Delivery{}, r
	}
	// Twilio is not consistent about the port, so both ways of writing it are tried.
	short := [][]byte{at.start, at.rest}
	long := [][]byte{at.start, at.port, at.rest}
	for _, p := range form {
		short, long = append(short, p.name, p.value), append(long, p.name, p.value)
	}
	if r := t.secrets.match([][]byte{digest}, [][][]byte{short, long}, now); r != nil {
		return Delivery{}, r
	}
	h := sha256.New()
	for _, p := range short {
		h.Write(p)
	}
	return Delivery{ID: "signed:" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)), Window: minWindow}, nil
}

// twilioContent gives the form that is signed behind the address; a body of another kind is compared
// with its digest here.
func twilioContent(req *Request, at address) ([]formPair, *Refusal) {
	digest, n := queryValue(string(at.rest), twilioDigest)
	switch {
	case n > 1:
		return nil, errHeaderRepeated
	case n == 1:
		var want [sha256.Size]byte
		if len(digest) != hex.EncodedLen(len(want)) {
			return nil, errTwilioDigest
		}
		if _, err := hex.Decode(want[:], []byte(digest)); err != nil {
			return nil, errTwilioDigest
		}
		sum := sha256.Sum256(req.Body)
		if subtle.ConstantTimeCompare(sum[:], want[:]) != 1 {
			return nil, errTwilioDigest
		}
		return nil, nil
	case len(req.Body) == 0:
		return nil, nil
	case req.Method == http.MethodGet:
		return nil, errTwilioGet
	}
	kind, r := mediaType(req.Header)
	if r != nil {
		return nil, r
	}
	if kind != typeForm {
		return nil, errTwilioUnsigned
	}
	form, ok := parseForm(req.Body, maxTwilioPairs)
	if !ok {
		return nil, errTwilioForm
	}
	slices.SortFunc(form, formPair.compare)
	// Of a parameter that is there twice with one value, one is signed.
	return slices.CompactFunc(form, func(a, b formPair) bool { return a.compare(b) == 0 }), nil
}

func (t *twilioScheme) sign(o *Outgoing) error {
	if kind, _ := mediaType(outgoingHeader{o}); kind != typeForm && len(o.Body) > 0 {
		sum := sha256.Sum256(o.Body)
		o.URL = withParameter(o.URL, twilioDigest, hex.EncodeToString(sum[:]))
	}
	at, ok := splitAddress(o.URL)
	if !ok {
		return invalid("url", "an address is a scheme, a host and a path")
	}
	form, r := twilioContent(&Request{Method: o.Method, Header: outgoingHeader{o}, Body: o.Body}, at)
	if r != nil {
		return invalid("body", "%s", r.Detail)
	}
	m := hmac.New(sha1.New, t.first)
	m.Write(at.start)
	m.Write(at.given)
	m.Write(at.rest)
	for _, p := range form {
		m.Write(p.name)
		m.Write(p.value)
	}
	o.set(twilioHeader, base64.StdEncoding.EncodeToString(m.Sum(nil)))
	return nil
}
