package verify

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

//nolint:gochecknoglobals // constant data
var oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// pssKey gives the PKCS #1 key inside a public key whose algorithm is id-RSASSA-PSS, which crypto/x509 does
// not read.
func pssKey(der []byte) ([]byte, bool) {
	var k struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &k)
	return k.PublicKey.RightAlign(), err == nil && len(rest) == 0 && k.Algorithm.Algorithm.Equal(oidRSAPSS)
}
