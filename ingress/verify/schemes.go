package verify

import (
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// scheme is a proof that a template over bytes cannot express. It is used from many goroutines.
//
// Around it the Verifier does what all schemes share: the handshakes of the preset file, the methods,
// the cost of an early refusal, and, where the scheme leaves them empty, the name of the delivery and of
// the event as the preset file says.
type scheme interface {
	// verify judges req at the time now; the refusal is nil when the request is proven. It may keep
	// nothing of req.
	verify(req *Request, now time.Time) (Delivery, *Refusal)
}

// signer is a scheme that can also make what it proves, for `pi send` and the tests.
type signer interface {
	// sign fills o as the provider would.
	sign(o *Outgoing) error
}

// spender is a scheme that knows what its proof costs. The others cost one HMAC of the body.
type spender interface {
	spend(body []byte)
}

// makeScheme makes the scheme of a webhook. The preset has the webhook's options applied; each option of
// w is one that the preset takes. No secret or key of m is empty, but there may be none: a scheme that
// needs one gives a fault then, see [invalid].
type makeScheme func(s *preset, w webhook.Verify, m Material) (scheme, error)

// schemeTemplate is the scheme of presets that say a template over bytes; it has no entry in schemes.
const schemeTemplate = "template"

// schemes is the list of the schemes that are written in Go, by the word of the preset files.
func schemes() map[string]makeScheme {
	return map[string]makeScheme{
		"basic":   makeBasic,
		"ip":      makeAddress,
		"jwt":     makeJWT,
		"mailgun": makeMailgun,
		"mtls":    makeCert,
		"paypal":  makePayPal,
		"rfc9421": makeMessage,
		"sns":     makeSNS,
		"token":   makeToken,
		"twilio":  makeTwilio,
	}
}
