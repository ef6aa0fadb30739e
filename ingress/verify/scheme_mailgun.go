package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"time"

	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// mailgunScheme proves the fields timestamp, token and signature, which stand in the JSON object
// "signature" of the body, or among the fields of a form.
//
// Mailgun signs the timestamp and the token and nothing else: whoever holds one fresh pair that has not
// been used can put it on any body. So the delivery is named by the token, which makes each pair good for
// one event.
type mailgunScheme struct {
	secrets   macSecrets
	first     []byte // signs
	tolerance time.Duration
}

const (
	mailgunTolerance = 5 * time.Minute
	mailgunObject    = "signature"

	maxMailgunPairs = 1000
	maxMailgunToken = 128
	maxMailgunField = 256 // bytes of a part that is one of the four
)

var (
	errMailgunBody  = &Refusal{BodyMalformed, "the body is neither JSON nor a form, or not a well formed one"}
	errMailgunToken = &Refusal{DeliveryMalformed, "the token of the signature has unusable characters or length"}
)

// mailgunFields are the fields of the proof, in the order of the constants.
type mailgunFields [4]jsonText

const (
	mailgunTimestamp = iota
	mailgunToken
	mailgunSignature
	mailgunParent // made with the key of the primary account, for events of a subaccount
)

func newMailgunFields() mailgunFields {
	return mailgunFields{{name: "timestamp"}, {name: "token"}, {name: "signature"}, {name: "parent-signature"}}
}

func makeMailgun(s *preset, _ webhook.Verify, m Material) (scheme, error) {
	plain, err := s.plainSecrets(m)
	if err != nil {
		return nil, err
	}
	return &mailgunScheme{newMACSecrets(plain, sha256.New), plain[0].Text, s.toleranceOr(mailgunTolerance)}, nil
}

func (g *mailgunScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	fields, r := readMailgun(req)
	if r != nil {
		return Delivery{}, r
	}
	digests := make([][]byte, 0, 2)
	for _, f := range fields[mailgunSignature:] {
		if !f.given {
			continue
		}
		digest, err := hex.DecodeString(f.text)
		if err != nil || len(digest) != sha256.Size {
			return Delivery{}, errSignatureMalformed
		}
		digests = append(digests, digest)
	}
	stamp, token := []byte(fields[mailgunTimestamp].text), []byte(fields[mailgunToken].text)
	switch {
	case !fields[mailgunSignature].given:
		return Delivery{}, errSignatureMissing
	case !fields[mailgunTimestamp].given:
		return Delivery{}, errTimestampMissing
	case !fields[mailgunToken].given:
		return Delivery{}, errDeliveryMissing
	case !alphanumeric(token) || len(token) > maxMailgunToken:
		return Delivery{}, errMailgunToken
	}
	// Nothing stands between timestamp and token, so only the fixed length of the timestamp parts them.
	at, ok := parseTimestamp(formSeconds, stamp)
	if !ok {
		return Delivery{}, errTimestampMalformed
	}
	if r := checkAge(at, g.tolerance, now); r != nil {
		return Delivery{}, r
	}
	if r := g.secrets.match(digests, [][][]byte{{stamp, token}}, now); r != nil {
		return Delivery{}, r
	}
	return Delivery{ID: string(token), Window: remembered(g.tolerance)}, nil
}

// readMailgun finds the fields of the proof. Each may be there once.
func readMailgun(req *Request) (mailgunFields, *Refusal) {
	fields := newMailgunFields()
	kind, r := mediaType(req.Header)
	if r != nil {
		return fields, r
	}
	switch kind {
	case typeJSON:
		if !readTexts(req.Body, mailgunObject, fields[:]) {
			return fields, errMailgunBody
		}
	case typeForm:
		pairs, ok := parseForm(req.Body, maxMailgunPairs)
		if !ok {
			return fields, errMailgunBody
		}
		for _, p := range pairs {
			if r := fields.take(string(p.name), p.value); r != nil {
				return fields, r
			}
		}
	case typeMultipart:
		return fields, fields.readParts(req)
	default:
		return fields, errMailgunBody
	}
	return fields, nil
}

func (f *mailgunFields) take(name string, text []byte) *Refusal {
	for i := range f {
		if f[i].name != name {
			continue
		}
		if f[i].given {
			return errHeaderRepeated
		}
		f[i].text, f[i].given = string(text), true
	}
	return nil
}

// readParts reads a form with parts, which Mailgun sends for stored messages with attachments. Parts
// that are not of the proof are passed over, not kept.
func (f *mailgunFields) readParts(req *Request) *Refusal {
	kind, _ := req.Header.Field("Content-Type")
	_, parameters, err := mime.ParseMediaType(string(kind))
	if err != nil || parameters["boundary"] == "" {
		return errMailgunBody
	}
	parts := multipart.NewReader(bytes.NewReader(req.Body), parameters["boundary"])
	for count := 0; ; count++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { //nolint:errorlint // the reader gives it unwrapped
			return nil
		}
		if err != nil || count == maxMailgunPairs {
			return errMailgunBody
		}
		name := part.FormName()
		if !f.has(name) || part.FileName() != "" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxMailgunField+1))
		if err != nil || len(text) > maxMailgunField {
			return errMailgunBody
		}
		if r := f.take(name, text); r != nil {
			return r
		}
	}
}

func (f *mailgunFields) has(name string) bool {
	for i := range f {
		if f[i].name == name {
			return true
		}
	}
	return false
}

// sign puts a fresh proof into the body, which is a JSON object or a form.
func (g *mailgunScheme) sign(o *Outgoing) error {
	token := idOf(o.ID, "")
	stamp := strconv.FormatInt(o.Now.Unix(), 10)
	m := hmac.New(sha256.New, g.first)
	m.Write([]byte(stamp + token))
	signature := hex.EncodeToString(m.Sum(nil))
	switch kind, _ := mediaType(outgoingHeader{o}); kind {
	case typeForm:
		if len(o.Body) > 0 {
			o.Body = append(bytes.Clone(o.Body), '&')
		}
		o.Body = append(o.Body, "timestamp="+stamp+"&token="+token+"&signature="+signature...)
		return nil
	case typeJSON:
		if v, err := value.Decode(o.Body); err == nil {
			if object, ok := v.(map[string]any); ok {
				object[mailgunObject] = map[string]any{"timestamp": stamp, "token": token, "signature": signature}
				o.Body, err = value.AppendJSON(nil, object)
				return err
			}
		}
	}
	return invalid("body", "a body of Mailgun is a JSON object or a form")
}

func alphanumeric(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(text) > 0
}
