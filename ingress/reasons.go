package ingress

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
)

// The door's own reasons for a refusal. Those of the proof are in package verify, those of the gate in
// package front. They are for logs, metrics and operators; a sender is never told.
const (
	reasonWebhookUnnamed  = "webhook.unnamed"  // no token anywhere
	reasonWebhookDisabled = "webhook.disabled" //
	reasonTokenUnknown    = "token.unknown"    //
	reasonTokenExpired    = "token.expired"    //
	reasonTokenMalformed  = "token.malformed"  // the path is not url-encoded
	reasonTokenAmbiguous  = "token.ambiguous"  // two different ones
	reasonHeaderRepeated  = "header.repeated"  //
	reasonQueryMany       = "query.many"       //
	reasonQueryMalformed  = "query.malformed"  //
	reasonAddressRefused  = "address.refused"  // not in the webhook's list
	reasonMethodRefused   = "method.refused"   // not a method of the webhook
	reasonBodyLarge       = "body.large"       // on the wire
	reasonRateExceeded    = "rate.exceeded"    // the webhook's rate
	reasonFailuresMany    = "failures.many"    // the address used up its failures
	reasonEncodingUnknown = "encoding.unknown" // a content encoding that the door does not undo
	reasonEncodingBroken  = "encoding.broken"  // the compressed data is damaged
	reasonEncodingLarge   = "encoding.large"   // inflating goes beyond a limit
	reasonTypeRefused     = "type.refused"     // not a content type of the webhook
	reasonPayloadJSON     = "payload.json"     //
	reasonPayloadText     = "payload.text"     // not UTF-8
	reasonPayloadForm     = "payload.form"     //
	reasonSchemaMismatch  = "schema.mismatch"  //
	reasonDedupeKey       = "dedupe.key"       // the webhook's expression gives none
	reasonHandshakeFailed = "handshake.failed" // it could not be confirmed or learned
	reasonPayloadUnknown  = "payload.unknown"  // no kept body under this address (any more)
	reasonInternal        = "internal"         //
)

// Reasons gives every reason for which the door refuses, sorted: a fixed list, fit for the labels of a metric.
func Reasons() []string {
	out := append(front.Reasons(), verify.Reasons()...)
	out = append(out,
		reasonWebhookUnnamed, reasonWebhookDisabled, reasonTokenUnknown, reasonTokenExpired, reasonTokenMalformed,
		reasonTokenAmbiguous, reasonHeaderRepeated, reasonQueryMany, reasonQueryMalformed, reasonAddressRefused,
		reasonMethodRefused, reasonBodyLarge, reasonRateExceeded, reasonFailuresMany, reasonEncodingUnknown,
		reasonEncodingBroken, reasonEncodingLarge, reasonTypeRefused, reasonPayloadJSON, reasonPayloadText,
		reasonPayloadForm, reasonSchemaMismatch, reasonDedupeKey, reasonHandshakeFailed, reasonPayloadUnknown, reasonInternal,
	)
	// A store that cannot take an event gives its own code.
	for _, info := range fault.Codes() {
		if kind, _, _ := strings.Cut(string(info.Code), "."); kind == "store" || kind == "event" || kind == "result" {
			out = append(out, string(info.Code))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
