package verify

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

const (
	defaultMessageTolerance = 5 * time.Minute
	minDecoded              = 32 // bytes of a secret that is taken for base64: a shorter one may be a word
)

var (
	errInputMissing      = &Refusal{SignatureMissing, "Signature-Input or Signature is missing, or no label is in both"}
	errInputMalformed    = &Refusal{SignatureMalformed, "Signature-Input or Signature is not a structured field of this scheme"}
	errInputMany         = &Refusal{SignatureMany, "the request has more than 8 signatures"}
	errInputSignature    = &Refusal{SignatureMismatch, "the key does not give this signature: check the key, the public address, and that nothing changes what is signed"}
	errInputAlgorithm    = &Refusal{AlgorithmRefused, "the algorithm of the signature is not that of its key, or not among those that the webhook takes"}
	errInputKey          = &Refusal{KeyUnknown, "keyid names no key of the webhook, or there are several and it is missing"}
	errComponentsMissing = &Refusal{ComponentsMissing, "the signature does not cover what the webhook asks for"}
	errComponentsUnknown = &Refusal{ComponentsMissing, "the signature covers something that the request does not have or the server cannot rebuild"}
	errDigestMismatch    = &Refusal{DigestMismatch, "Content-Digest is not that of the body, or has neither sha-256 nor sha-512"}
)

// messageScheme proves a request by HTTP Message Signatures (RFC 9421).
type messageScheme struct {
	required  []string // components that have to be covered; empty = the usual ones
	keys      []pinnedKey
	secrets   []messageSecret
	allowed   []string // algorithms; empty = all that fit a key
	tolerance time.Duration
}

// messageSecret is a shared secret in the forms in which senders use it.
type messageSecret struct {
	Secret

	decoded []byte // the secret as base64, where it is; nil = it is not
}

// signing gives the form that most senders use.
func (s *messageSecret) signing() []byte {
	if s.decoded != nil {
		return s.decoded
	}
	return s.Text
}

// makeMessage takes the options requiredComponents and algorithms.
func makeMessage(s *preset, w webhook.Verify, m Material) (scheme, error) {
	v := &messageScheme{
		required: w.Options["requiredComponents"], allowed: w.Options["algorithms"],
		tolerance: s.toleranceOr(defaultMessageTolerance),
	}
	for _, name := range v.required {
		if !knownComponent(name) {
			return nil, invalid("requiredComponents", "%q is no component; write the name of a header in lower case, or one like @method", name)
		}
	}
	for _, name := range v.allowed {
		if _, known := joseNames[name]; !known && name != messageHMAC {
			return nil, invalid("algorithms", "%q is no algorithm of RFC 9421", name)
		}
	}
	var err error
	if v.keys, err = parsePublicKeys(m.Keys); err != nil {
		return nil, invalid("keys", "%s", err)
	}
	for _, secret := range m.Secrets {
		own := messageSecret{Secret: secret}
		if plain, err := strictBase64.DecodeString(string(secret.Text)); err == nil && len(plain) >= minDecoded {
			own.decoded = plain
		}
		v.secrets = append(v.secrets, own)
	}
	if len(v.keys)+len(v.secrets) == 0 {
		return nil, invalid("keys", "the preset %q needs a public key or a secret", s.name)
	}
	fits := func(k pinnedKey) bool { return len(v.algorithmsOf(k, "")) > 0 }
	if len(v.keys) > 0 && !slices.ContainsFunc(v.keys, fits) {
		return nil, invalid("keys", "no key fits an algorithm of the webhook")
	}
	alike := map[string]int{}
	for _, k := range v.keys {
		if alike[k.id]++; alike[k.id] > maxSecrets {
			return nil, invalid("keys", "more than %d keys have the same name or none, and each would be tried", maxSecrets)
		}
	}
	return v, nil
}

func (v *messageScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	inputs, r := readInputs(req.Header)
	if r != nil {
		return Delivery{}, r
	}
	// A proxy may have added its own signature: one that holds is enough. The refusal told is the first
	// one about a signature by a key of the webhook.
	var first *Refusal
	for i := range inputs {
		d, r := v.judge(req, &inputs[i], now)
		if r == nil {
			return d, nil
		}
		if first == nil || first == errInputKey {
			first = r
		}
	}
	return Delivery{}, first
}

func (v *messageScheme) judge(req *Request, in *signatureInput, now time.Time) (Delivery, *Refusal) {
	keys, secrets, r := v.candidates(in)
	if r != nil {
		return Delivery{}, r
	}
	if r := v.checkAge(in, now); r != nil {
		return Delivery{}, r
	}
	if r := v.checkCovered(req, in); r != nil {
		return Delivery{}, r
	}
	base, r := signatureBase(req, in)
	if r != nil {
		return Delivery{}, r
	}
	if r := v.match(in, keys, secrets, base, now); r != nil {
		return Delivery{}, r
	}
	if in.covers("content-digest") {
		if r := checkContentDigest(req); r != nil {
			return Delivery{}, r
		}
	}
	d := Delivery{ID: in.nonce, Window: remembered(v.tolerance)}
	if d.ID == "" || !printable([]byte(d.ID)) {
		// Not the signature: of some kinds a second one that holds can be made from the first.
		sum := sha256.Sum256(base)
		d.ID = encodeDigest("signed:", sum[:])
	}
	return d, nil
}

// candidates finds the keys that keyid names. Keys without a name, such as PEM and secrets, stand for any
// keyid that no other key has; without a keyid there must be nothing to choose from.
func (v *messageScheme) candidates(in *signatureInput) ([]pinnedKey, []messageSecret, *Refusal) {
	var named, unnamed []pinnedKey
	for _, k := range v.keys {
		if k.id == "" {
			unnamed = append(unnamed, k)
		} else if k.id == in.keyID && in.hasKeyID {
			named = append(named, k)
		}
	}
	switch {
	case len(named) > 0:
		return named, nil, nil
	case !in.hasKeyID && len(v.keys) == 1 && len(v.secrets) == 0:
		return v.keys, nil, nil
	case len(unnamed)+len(v.secrets) == 0:
		return nil, nil, errInputKey
	case !in.hasKeyID && len(unnamed) < len(v.keys):
		return nil, nil, errInputKey
	}
	return unnamed, v.secrets, nil
}

// match tries the signature with every candidate; the algorithm is the key's, and alg may only agree.
func (v *messageScheme) match(in *signatureInput, keys []pinnedKey, secrets []messageSecret, base []byte, now time.Time) *Refusal {
	found, tried, live := 0, false, false
	for _, k := range keys {
		for _, algorithm := range v.algorithmsOf(k, in.algorithm) {
			tried = true
			if checkSignature(algorithm, k.public, base, in.signature) {
				found = 1
			}
		}
	}
	useSecrets := (in.algorithm == "" || in.algorithm == messageHMAC) && v.allows(messageHMAC)
	for i := range secrets {
		if !useSecrets || !secrets[i].live(now) {
			continue
		}
		live = true
		found |= subtle.ConstantTimeCompare(macSHA256(secrets[i].Text, base), in.signature)
		if secrets[i].decoded != nil {
			found |= subtle.ConstantTimeCompare(macSHA256(secrets[i].decoded, base), in.signature)
		}
	}
	switch {
	case found == 1:
		return nil
	case useSecrets && len(secrets) > 0 && !live && !tried:
		return errSecretExpired
	case !tried && !live:
		return errInputAlgorithm
	}
	return errInputSignature
}

// algorithmsOf gives the algorithms of a key, of which asked, if not empty, is the only one. An RSA key
// that does not say more has two.
func (v *messageScheme) algorithmsOf(k pinnedKey, asked string) []string {
	var out []string
	for _, name := range []string{messagePSS, messagePKCS1, messageP256, messageP384, messageEd} {
		if (asked == "" || asked == name) && v.allows(name) && k.fits(joseNames[name]) {
			out = append(out, name)
		}
	}
	return out
}

func (v *messageScheme) allows(algorithm string) bool {
	return len(v.allowed) == 0 || slices.Contains(v.allowed, algorithm)
}

func (v *messageScheme) checkAge(in *signatureInput, now time.Time) *Refusal {
	if !in.hasCreated {
		return errTimestampMissing
	}
	if in.hasExpires && now.After(time.Unix(in.expires, 0)) {
		return errTimestampStale
	}
	return checkAge(time.Unix(in.created, 0), v.tolerance, now)
}

// checkCovered compares what the signature covers with what the webhook asks for.
func (v *messageScheme) checkCovered(req *Request, in *signatureInput) *Refusal {
	if len(v.required) > 0 {
		for _, name := range v.required {
			if !in.covers(name) {
				return errComponentsMissing
			}
		}
		return nil
	}
	address := in.covers("@target-uri")
	if !address && in.covers("@authority") {
		_, _, hasQuery := strings.Cut(req.URL, "?")
		address = in.covers("@request-target") || in.covers("@path") && (!hasQuery || in.covers("@query"))
	}
	if !in.covers("@method") || !address || len(req.Body) > 0 && !in.covers("content-digest") {
		return errComponentsMissing
	}
	return nil
}

// sign covers the method, the address and the body, or what the webhook asks for.
func (v *messageScheme) sign(o *Outgoing) error {
	in := signatureInput{components: v.outgoingComponents(o), created: o.Now.Unix(), nonce: o.ID}
	algorithm, key, err := v.outgoingKey(o, &in)
	if err != nil {
		return err
	}
	if in.covers("content-digest") {
		o.set("Content-Digest", contentDigest(o.Body))
	}
	method := o.Method
	if method == "" {
		method = "POST"
	}
	in.params = in.writeParams()
	base, r := signatureBase(&Request{Method: method, URL: o.URL, Header: outgoingHeader{o}, Body: o.Body}, &in)
	if r != nil {
		return invalid("requiredComponents", "the request does not have all that it has to cover")
	}
	if algorithm == messageHMAC {
		in.signature = macSHA256(v.secrets[v.liveSecret(o.Now)].signing(), base)
	} else if in.signature, err = key.sign(algorithm, base); err != nil {
		return invalid("key", "the private key cannot sign the request")
	}
	o.set("Signature-Input", "sig1="+in.params)
	o.set("Signature", "sig1="+writeBinary(in.signature))
	return nil
}

func (v *messageScheme) outgoingComponents(o *Outgoing) []string {
	if len(v.required) > 0 {
		return v.required
	}
	if len(o.Body) == 0 {
		return []string{"@method", "@target-uri"}
	}
	return []string{"@method", "@target-uri", "content-digest"}
}

// outgoingKey chooses key and algorithm, and names the key where a pinned one has a name.
func (v *messageScheme) outgoingKey(o *Outgoing, in *signatureInput) (string, signingKey, error) {
	if len(o.PrivateKey) == 0 {
		if v.liveSecret(o.Now) < 0 {
			return "", signingKey{}, invalid("key", "signing needs a private key or a secret")
		}
		return messageHMAC, signingKey{}, nil
	}
	key, err := newSigningKey(o.PrivateKey)
	if err != nil {
		return "", signingKey{}, err
	}
	own := key.pinned
	for _, k := range v.keys {
		if k.sameKey(key.Public()) {
			own, in.keyID, in.hasKeyID = k, k.id, k.id != ""
		}
	}
	algorithms := v.algorithmsOf(own, "")
	if len(algorithms) == 0 {
		return "", signingKey{}, invalid("key", "the private key fits none of the algorithms of the webhook")
	}
	return algorithms[0], key, nil
}

func (v *messageScheme) liveSecret(now time.Time) int {
	return slices.IndexFunc(v.secrets, func(s messageSecret) bool { return s.live(now) })
}
