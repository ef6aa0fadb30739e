package verify

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// sign puts a token into the request that is good for five minutes.
func (j *jwtScheme) sign(o *Outgoing) error {
	key, err := j.signingKey(o)
	if err != nil {
		return err
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return invalid("key", "the private key cannot sign a JWT")
	}
	id := o.ID
	if id == "" {
		id = rand.Text()
	}
	payload, err := json.Marshal(map[string]any{
		"iss": j.issuer, "aud": j.audiences[0], "jti": id,
		"iat": o.Now.Unix(), "exp": o.Now.Add(5 * time.Minute).Unix(),
	})
	if err != nil {
		return err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return err
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return err
	}
	o.set(j.header, j.prefix+token)
	return nil
}

func (j *jwtScheme) signingKey(o *Outgoing) (jose.SigningKey, error) {
	if len(o.PrivateKey) == 0 {
		live := slices.IndexFunc(j.secrets, func(s Secret) bool { return s.live(o.Now) })
		if live < 0 {
			return jose.SigningKey{}, invalid("key", "signing a JWT needs a private key, or an HS algorithm and a secret")
		}
		i := slices.IndexFunc(j.algorithms, isHMAC)
		return jose.SigningKey{Algorithm: j.algorithms[i], Key: j.secrets[live].Text}, nil
	}
	key, err := newSigningKey(o.PrivateKey)
	if err != nil {
		return jose.SigningKey{}, err
	}
	i := slices.IndexFunc(j.algorithms, func(a jose.SignatureAlgorithm) bool { return key.pinned.fits(string(a)) })
	if i < 0 {
		return jose.SigningKey{}, invalid("key", "the private key fits none of the algorithms of the webhook")
	}
	id := ""
	for _, k := range j.pinned {
		if k.sameKey(key.Public()) {
			id = k.id
		}
	}
	return jose.SigningKey{Algorithm: j.algorithms[i], Key: jose.JSONWebKey{Key: key.Signer, KeyID: id}}, nil
}
