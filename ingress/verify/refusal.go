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
	errHeaderRepeated     = &Refusal{HeaderRepeated, "a header that must occur once occurs several times"}
	errVerifierUnready    = &Refusal{VerifierUnready, "the webhook's preset or secret could not be used when it was loaded"}
)
