package verify

// Reason is the stable, dotted name of why a request was refused. Reasons are for logs and operators;
// a caller is never told.
type Reason string

// The reasons.
const (
	SignatureMissing   Reason = "signature.missing"
	SignatureMalformed Reason = "signature.malformed"
	SignatureMismatch  Reason = "signature.mismatch"
	SignatureMany      Reason = "signature.many"
	TimestampMissing   Reason = "timestamp.missing"
	TimestampMalformed Reason = "timestamp.malformed"
	TimestampStale     Reason = "timestamp.stale"
	TimestampFuture    Reason = "timestamp.future"
	DeliveryMissing    Reason = "delivery.missing"
	DeliveryMalformed  Reason = "delivery.malformed"
	HeaderRepeated     Reason = "header.repeated"
	VerifierUnready    Reason = "verifier.unready"

	TokenMissing         Reason = "token.missing" // of the proof; the webhook's own token is the door's
	TokenMismatch        Reason = "token.mismatch"
	CredentialsMalformed Reason = "credentials.malformed"
	SecretExpired        Reason = "secret.expired"
	KeyUnknown           Reason = "key.unknown"
	KeyUnavailable       Reason = "key.unavailable"
	KeyHost              Reason = "key.host"
	AlgorithmRefused     Reason = "algorithm.refused"
	ClaimsIssuer         Reason = "claims.issuer"
	ClaimsAudience       Reason = "claims.audience"
	ClaimsExpired        Reason = "claims.expired"
	ClaimsEarly          Reason = "claims.early"
	ClaimsMissing        Reason = "claims.missing"
	ComponentsMissing    Reason = "components.missing"
	DigestMismatch       Reason = "digest.mismatch"
	TopicRefused         Reason = "topic.refused"
	AddressRefused       Reason = "address.refused"
	CertificateMissing   Reason = "certificate.missing"
	CertificateRefused   Reason = "certificate.refused"
	URLUnknown           Reason = "url.unknown"
	URLMalformed         Reason = "url.malformed"
	MethodRefused        Reason = "method.refused"
	HandshakeRefused     Reason = "handshake.refused"
	BodyMalformed        Reason = "body.malformed"
)

// Refusal is the error of [Verifier.Verify]. It holds no part of the request.
//
//nolint:errname // a refusal is the house's word, and no fault of the program
type Refusal struct {
	Reason Reason
	Detail string // what an operator may check
}

// Error gives the reason and the detail.
func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }

// The refusals are made once, so that refusing allocates nothing.
var (
	errSignatureMissing   = &Refusal{SignatureMissing, "the signature header is missing, or holds no signature of this scheme"}
	errSignatureMalformed = &Refusal{SignatureMalformed, "a signature has the wrong prefix, length or encoding"}
	errSignatureMismatch  = &Refusal{SignatureMismatch, "no secret gives this signature: check the secret, and that nothing between sender and door changes the body"}
	errSignatureMany      = &Refusal{SignatureMany, "the signature header holds more than 8 signatures"}
	errTimestampMissing   = &Refusal{TimestampMissing, "the timestamp is missing"}
	errTimestampMalformed = &Refusal{TimestampMalformed, "the timestamp has another form than the scheme's"}
	errTimestampStale     = &Refusal{TimestampStale, "the timestamp is older than the tolerance: a late or repeated request, or a clock that is ahead"}
	errTimestampFuture    = &Refusal{TimestampFuture, "the timestamp is further ahead than the tolerance: check both clocks"}
	errDeliveryMissing    = &Refusal{DeliveryMissing, "the delivery id is missing"}
	errDeliveryMalformed  = &Refusal{DeliveryMalformed, "the delivery id has unusable characters or length"}
	errHeaderRepeated     = &Refusal{HeaderRepeated, "a header or parameter that must occur once occurs several times"}
	errVerifierUnready    = &Refusal{VerifierUnready, "the webhook's preset or secret could not be used when it was loaded, or it has no secret yet"}
	errTokenMissing       = &Refusal{TokenMissing, "the token that proves the sender is missing"}
	errTokenMismatch      = &Refusal{TokenMismatch, "the token is none of the webhook's secrets"}
	errSecretExpired      = &Refusal{SecretExpired, "every secret of the webhook is past its end: give it a new one"}
	errURLUnknown         = &Refusal{URLUnknown, "the scheme signs the address, and the server has no public address: set it"}
	errURLMalformed       = &Refusal{URLMalformed, "the address has characters that no address has, or the body beside it begins or ends like one, so the border between them may have been moved"}
	errMethodRefused      = &Refusal{MethodRefused, "the scheme does not prove requests with this method"}
	errHandshakeRefused   = &Refusal{HandshakeRefused, "a handshake without the right secret, or with an unusable value"}
	errBodyContinued      = &Refusal{BodyMalformed, "the body holds a zero byte, as one that somebody continued behind a plain hash does"}
	errBodyMalformed      = &Refusal{BodyMalformed, "the body is not the JSON that the scheme reads a field of"}
)
