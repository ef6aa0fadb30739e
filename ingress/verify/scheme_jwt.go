package verify

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/penstock/penstock/runtime/webhook"
)

const (
	defaultJWTTolerance = 60 * time.Second
	bearerPrefix        = "Bearer "
	maxJWT              = 8 << 10 // bytes
	maxJWTWindow        = 30 * 24 * time.Hour
)

//nolint:gochecknoglobals // constant data
var (
	jwtAlgorithms = []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512",
	}
	jwtDefaults = []string{"RS256", "ES256", "EdDSA"}
)

var (
	errJWTMissing    = &Refusal{TokenMissing, "the header that carries the JWT is missing"}
	errJWTMalformed  = &Refusal{CredentialsMalformed, "the header holds no signed JWT in compact form"}
	errJWTCritical   = &Refusal{CredentialsMalformed, "the JWT asks for an extension (crit or b64) that the server does not know"}
	errJWTPayload    = &Refusal{CredentialsMalformed, "the payload of the JWT is not a JSON object, or a claim has the wrong type"}
	errJWTAlgorithm  = &Refusal{AlgorithmRefused, "the algorithm of the JWT is not among those that the webhook takes, or does not fit its key"}
	errJWTKey        = &Refusal{KeyUnknown, "no key of the webhook has the kid of the JWT, or none is of its kind"}
	errJWTKeys       = &Refusal{KeyUnavailable, "the key set could not be fetched, and no pinned key fits"}
	errJWTSignature  = &Refusal{SignatureMismatch, "no key or secret of the webhook made the signature of the JWT"}
	errClaimsMissing = &Refusal{ClaimsMissing, "the JWT has no iss, aud or exp"}
	errClaimsIssuer  = &Refusal{ClaimsIssuer, "iss is not an issuer of the webhook"}
	errClaimsAud     = &Refusal{ClaimsAudience, "aud does not name the audience of the webhook"}
	errClaimsExpired = &Refusal{ClaimsExpired, "exp is past: a late or repeated request, or a clock that is ahead"}
	errClaimsEarly   = &Refusal{ClaimsEarly, "nbf or iat is in the future: check both clocks"}
)

// jwtScheme proves the sender by a signed JWT. The JWT says nothing about the body, so TLS has to.
type jwtScheme struct {
	header, prefix string
	algorithms     []jose.SignatureAlgorithm
	issuer         string
	audiences      []string
	tolerance      time.Duration
	pinned         []pinnedKey
	remote         *remoteKeys // nil = none
	secrets        []Secret
}

// makeJWT takes the options header, prefix, algorithms, issuer, audience and jwksUrl.
func makeJWT(s *preset, w webhook.Verify, m Material) (scheme, error) {
	j := &jwtScheme{
		header: s.signature.header, prefix: s.signature.prefix, tolerance: s.toleranceOr(defaultJWTTolerance),
		issuer: w.Options.First("issuer"), audiences: w.Options["audience"],
	}
	if j.prefix == "" && strings.EqualFold(j.header, "Authorization") {
		j.prefix = bearerPrefix
	}
	if j.issuer == "" {
		return nil, invalid("issuer", "the preset %q needs the issuer of the tokens", s.name)
	}
	if len(j.audiences) == 0 {
		return nil, invalid("audience", "the preset %q needs the audience that the tokens are for", s.name)
	}
	if err := j.setAlgorithms(w.Options["algorithms"]); err != nil {
		return nil, err
	}
	return j, j.setKeys(s, w, m)
}

func (j *jwtScheme) setAlgorithms(names []string) error {
	if len(names) == 0 {
		names = jwtDefaults
	}
	for _, name := range names {
		if !slices.Contains(jwtAlgorithms, name) {
			return invalid("algorithms", "%q is none of %s", name, strings.Join(jwtAlgorithms, ", "))
		}
		j.algorithms = append(j.algorithms, jose.SignatureAlgorithm(name))
	}
	return nil
}

// setKeys holds secrets and public keys apart: a secret is used by an HS algorithm only, which has to be
// named, and a public key never is.
func (j *jwtScheme) setKeys(s *preset, w webhook.Verify, m Material) error {
	symmetric := slices.ContainsFunc(j.algorithms, isHMAC)
	asymmetric := slices.ContainsFunc(j.algorithms, func(a jose.SignatureAlgorithm) bool { return !isHMAC(a) })
	switch {
	case symmetric && len(m.Secrets) == 0:
		return invalid("secrets", "an HS algorithm needs a secret")
	case !symmetric && len(m.Secrets) > 0:
		return invalid("secrets", "no algorithm of the webhook uses a secret; name HS256 in algorithms, or give the public key as a key")
	}
	for _, secret := range m.Secrets {
		for _, a := range j.algorithms {
			if least := hmacSize(a); len(secret.Text) < least {
				return invalid("secrets", "the secret of %s has %d bytes or more", a, least)
			}
		}
		j.secrets = append(j.secrets, secret)
	}
	var err error
	if j.pinned, err = parsePublicKeys(m.Keys); err != nil {
		return invalid("keys", "%s", err)
	}
	if address := w.Options.First("jwksUrl"); address != "" {
		if j.remote, err = newRemoteKeys(address, m.Fetch); err != nil {
			return err
		}
	}
	switch given := len(j.pinned) > 0 || j.remote != nil; {
	case asymmetric && !given:
		return invalid("keys", "the preset %q needs a public key or key set in keys, or the option jwksUrl", s.name)
	case !asymmetric && given:
		return invalid("keys", "no algorithm of the webhook uses a public key")
	}
	fits := func(k pinnedKey) bool {
		return slices.ContainsFunc(j.algorithms, func(a jose.SignatureAlgorithm) bool { return k.fits(string(a)) })
	}
	if len(j.pinned) > 0 && !slices.ContainsFunc(j.pinned, fits) {
		return invalid("keys", "no key fits an algorithm of the webhook")
	}
	return nil
}

func isHMAC(a jose.SignatureAlgorithm) bool { return hmacSize(a) > 0 }

// hmacSize is the least size of a secret of an HS algorithm in bytes (RFC 7518, 3.2), 0 for all others.
func hmacSize(a jose.SignatureAlgorithm) int {
	switch a {
	case jose.HS256:
		return 32
	case jose.HS384:
		return 48
	case jose.HS512:
		return 64
	}
	return 0
}

func (j *jwtScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	field, r := once(req.Header, j.header, errJWTMissing)
	if r != nil {
		return Delivery{}, r
	}
	token, r := j.cut(field)
	if r != nil {
		return Delivery{}, r
	}
	payload, r := j.check(token, now)
	if r != nil {
		return Delivery{}, r
	}
	c, r := readClaims(payload)
	if r != nil {
		return Delivery{}, r
	}
	if r := j.judge(c, now); r != nil {
		return Delivery{}, r
	}
	return j.delivery(c, token, req.Body, now), nil
}

// cut takes the prefix off, without regard to its letter case, as schemes of Authorization have none.
func (j *jwtScheme) cut(field []byte) ([]byte, *Refusal) {
	n := len(j.prefix)
	if len(field) < n || !strings.EqualFold(string(field[:n]), j.prefix) {
		return nil, errJWTMalformed
	}
	if j.prefix == bearerPrefix {
		return bytes.TrimLeft(field[n:], " "), nil
	}
	return field[n:], nil
}

// check gives the payload of a token that one of the keys signed.
func (j *jwtScheme) check(token []byte, now time.Time) ([]byte, *Refusal) {
	head, r := readTokenHead(token)
	if r != nil {
		return nil, r
	}
	if !slices.Contains(j.algorithms, jose.SignatureAlgorithm(head.algorithm)) {
		return nil, errJWTAlgorithm
	}
	keys, r := j.candidates(head, now)
	if r != nil {
		return nil, r
	}
	signed, err := jose.ParseSignedCompact(string(token), j.algorithms)
	if err != nil {
		return nil, errJWTMalformed
	}
	var payload []byte
	for _, key := range keys {
		if content, err := signed.Verify(key); err == nil {
			payload = content
		}
	}
	if payload == nil {
		return nil, errJWTSignature
	}
	return payload, nil
}

// candidates gives the keys that may have made the token.
func (j *jwtScheme) candidates(head tokenHead, now time.Time) ([]any, *Refusal) {
	if isHMAC(jose.SignatureAlgorithm(head.algorithm)) {
		var live []any
		for _, s := range j.secrets {
			if s.live(now) {
				live = append(live, s.Text)
			}
		}
		if len(live) == 0 {
			return nil, errSecretExpired
		}
		return live, nil
	}
	found, r := choose(j.pinned, head)
	if r == nil || j.remote == nil {
		return found, r
	}
	return j.remote.choose(head, now)
}

// choose picks the keys with the token's kid, or, when the token or the keys have no names, all that fit
// its algorithm.
func choose(keys []pinnedKey, head tokenHead) ([]any, *Refusal) {
	var found []any
	named := head.id != "" && slices.ContainsFunc(keys, func(k pinnedKey) bool { return k.id == head.id })
	for _, k := range keys {
		if named && k.id != head.id || !named && head.id != "" && k.id != "" {
			continue
		}
		if k.fits(head.algorithm) && len(found) < maxSecrets {
			found = append(found, k.public)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case named:
		return nil, errJWTAlgorithm
	}
	return nil, errJWTKey
}

// delivery names the request by jti, or by a digest of what was signed and the body.
func (j *jwtScheme) delivery(c claims, token, body []byte, now time.Time) Delivery {
	d := Delivery{ID: c.id, Window: min(max(c.expires.Add(j.tolerance).Sub(now), minWindow), maxJWTWindow)}
	if d.ID == "" {
		h := sha256.New()
		h.Write(token[:bytes.LastIndexByte(token, '.')+1])
		h.Write(body)
		d.ID = encodeDigest("token:", h.Sum(nil))
	}
	return d
}
