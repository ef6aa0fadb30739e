package verify

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// paypalScheme proves the webhooks of PayPal: an RSA signature over the transmission's id and time, the
// id of the webhook and the CRC-32 of the body, by the key of the certificate at PAYPAL-CERT-URL.
//
// A CRC-32 is no digest: whoever saw one signed request can make another body with the same sum. So the
// delivery is named by the signed transmission id, which makes each signature good for one event, and
// one who must be sure of an amount asks PayPal for the event by its id.
type paypalScheme struct {
	certs     *signerCerts
	webhookID []byte
	tolerance time.Duration
}

const (
	paypalTolerance = 5 * time.Minute

	paypalID        = "PAYPAL-TRANSMISSION-ID"
	paypalTime      = "PAYPAL-TRANSMISSION-TIME"
	paypalSignature = "PAYPAL-TRANSMISSION-SIG"
	paypalCert      = "PAYPAL-CERT-URL"
	paypalAlgorithm = "PAYPAL-AUTH-ALGO"

	paypalSHA256 = "SHA256withRSA"
	paypalPath   = "/v1/notifications/certs/"

	maxPayPalSignature = 1024 // bytes
)

var (
	errPayPalAlgorithm = &Refusal{AlgorithmRefused, "the algorithm is not SHA256withRSA"}
	errPayPalCert      = &Refusal{KeyHost, "PAYPAL-CERT-URL is not a certificate on a host of PayPal over https"}
	errPayPalNoCert    = &Refusal{KeyHost, "the address of the certificate is missing"}
	errPayPalNoAlgo    = &Refusal{AlgorithmRefused, "the name of the algorithm is missing"}
)

//nolint:gochecknoglobals // constant data
var (
	paypalHosts   = []string{"api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}
	paypalNames   = []string{"messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"}
	paypalFile    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
	paypalIDs     = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)
	paypalWebhook = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
)

func makePayPal(s *preset, w webhook.Verify, m Material) (scheme, error) {
	if len(m.Secrets) > 0 {
		return nil, invalid("secrets", "the preset %q takes no secret: PayPal signs with its own key", s.name)
	}
	id := w.Options.First("webhookId")
	if !paypalWebhook.MatchString(id) {
		return nil, invalid("webhookId", "the preset %q needs the id that PayPal gave the webhook", s.name)
	}
	p := &paypalScheme{webhookID: []byte(id), tolerance: s.toleranceOr(paypalTolerance)}
	var err error
	p.certs, err = newSignerCerts(s, m, func(name string) bool { return slices.Contains(paypalNames, name) })
	return p, err
}

func (p *paypalScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	var id, stamp, encoded, cert, algorithm []byte
	for _, f := range []struct {
		name    string
		into    *[]byte
		missing *Refusal
	}{
		{paypalSignature, &encoded, errSignatureMissing},
		{paypalID, &id, errDeliveryMissing},
		{paypalTime, &stamp, errTimestampMissing},
		{paypalAlgorithm, &algorithm, errPayPalNoAlgo},
		{paypalCert, &cert, errPayPalNoCert},
	} {
		var r *Refusal
		if *f.into, r = once(req.Header, f.name, f.missing); r != nil {
			return Delivery{}, r
		}
	}
	at, ok := parseTimestamp(formRFC3339, stamp)
	switch {
	case string(algorithm) != paypalSHA256:
		return Delivery{}, errPayPalAlgorithm
	case !paypalIDs.Match(id):
		return Delivery{}, errDeliveryMalformed
	case !ok:
		return Delivery{}, errTimestampMalformed
	case !paypalCertURL(string(cert)):
		return Delivery{}, errPayPalCert
	}
	if r := checkAge(at, p.tolerance, now); r != nil {
		return Delivery{}, r
	}
	signature, err := strictBase64.DecodeString(string(encoded))
	if err != nil || len(signature) > maxPayPalSignature || len(signature) < minRSABits/8 || bytes.ContainsAny(encoded, "\r\n") {
		return Delivery{}, errSignatureMalformed
	}
	digest := p.digest(id, stamp, req.Body)
	if r := p.certs.check(string(cert), crypto.SHA256, digest[:], signature, now); r != nil {
		return Delivery{}, r
	}
	return Delivery{ID: string(id), Window: remembered(p.tolerance)}, nil
}

// digest hashes the signed text.
func (p *paypalScheme) digest(id, stamp, body []byte) [sha256.Size]byte {
	text := make([]byte, 0, 256)
	text = append(append(text, id...), '|')
	text = append(append(text, stamp...), '|')
	text = append(append(text, p.webhookID...), '|')
	text = strconv.AppendUint(text, uint64(crc32.ChecksumIEEE(body)), 10)
	return sha256.Sum256(text)
}

// paypalCertURL reports whether an address is a certificate at PayPal.
func paypalCertURL(text string) bool {
	rest, ok := strings.CutPrefix(text, "https://")
	host, file, ok2 := strings.Cut(rest, paypalPath)
	return ok && ok2 && slices.Contains(paypalHosts, host) && paypalFile.MatchString(file)
}

func (p *paypalScheme) sign(o *Outgoing) error {
	id, stamp := idOf(o.ID, "-"), o.Now.UTC().Format(time.RFC3339)
	digest := p.digest([]byte(id), []byte(stamp), o.Body)
	signature, err := signRSA(o.PrivateKey, crypto.SHA256, digest[:])
	if err != nil {
		return err
	}
	o.set(paypalID, id)
	o.set(paypalTime, stamp)
	o.set(paypalAlgorithm, paypalSHA256)
	o.set(paypalCert, "https://"+paypalHosts[0]+paypalPath+"CERT-00000000-00000000-00000000")
	o.set(paypalSignature, base64.StdEncoding.EncodeToString(signature))
	return nil
}
