package verify

import (
	"crypto"
	"crypto/subtle"

	"github.com/dunglas/httpsfv"
)

// checkContentDigest compares Content-Digest (RFC 9530) with the body. Every digest of a kind that the
// server knows has to fit, and one at least has to be there.
func checkContentDigest(req *Request) *Refusal {
	field, r := once(req.Header, "Content-Digest", errDigestMismatch)
	if r != nil {
		return r
	}
	d, err := httpsfv.UnmarshalDictionary([]string{string(field)})
	if err != nil || !canonical(field, d) {
		return errDigestMismatch
	}
	known := 0
	for name, hash := range map[string]crypto.Hash{"sha-256": crypto.SHA256, "sha-512": crypto.SHA512} {
		member, given := d.Get(name)
		if !given {
			continue
		}
		item, _ := member.(httpsfv.Item)
		digest, _ := item.Value.([]byte)
		if subtle.ConstantTimeCompare(digest, hashOf(hash, req.Body)) != 1 {
			return errDigestMismatch
		}
		known++
	}
	if known == 0 {
		return errDigestMismatch
	}
	return nil
}

// contentDigest writes the field for a body.
func contentDigest(body []byte) string {
	return "sha-256=" + writeBinary(hashOf(crypto.SHA256, body))
}
