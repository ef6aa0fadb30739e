package verify

// Reasons gives every reason for which a proof is refused, for those who count them.
func Reasons() []string {
	var out []string
	for _, r := range []Reason{
		SignatureMissing, SignatureMalformed, SignatureMismatch, SignatureMany,
		TimestampMissing, TimestampMalformed, TimestampStale, TimestampFuture,
		DeliveryMissing, DeliveryMalformed, HeaderRepeated, VerifierUnready,
		TokenMissing, TokenMismatch, CredentialsMalformed, SecretExpired,
		KeyUnknown, KeyUnavailable, KeyHost, AlgorithmRefused,
		ClaimsIssuer, ClaimsAudience, ClaimsExpired, ClaimsEarly, ClaimsMissing,
		ComponentsMissing, DigestMismatch, TopicRefused, AddressRefused,
		CertificateMissing, CertificateRefused, URLUnknown, URLMalformed, MethodRefused, HandshakeRefused, BodyMalformed,
	} {
		out = append(out, string(r))
	}
	return out
}
