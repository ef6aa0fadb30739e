// Package webhook is the setting of one inbound URL, as a value. The door (package ingress) checks
// requests against it, the store keeps it, the webhook.* commands change it. Everybody may import it.
package webhook

import (
	"encoding/json"
	"time"
)

// PayloadType says how the body of a request becomes the payload of the event.
type PayloadType string

// The payload types.
const (
	Base64   PayloadType = "base64"   // payload is {origin: <base64 text>}; the default
	Raw      PayloadType = "raw"      // payload is the parsed body where its type is known, else the text
	Outbound PayloadType = "outbound" // payload is {origin: <address of the kept body>}
	Ignore   PayloadType = "ignore"   // payload is null
)

// The limits of MaxPayloadLength, in bytes.
const (
	DefaultMaxPayloadLength = 512_000
	MaxMaxPayloadLength     = 4_194_304
)

// Webhook is one inbound URL. ID names it for ever; its tokens may change.
type Webhook struct {
	ID       string   `json:"id"`
	Tokens   []Token  `json:"tokens"` // two at most: the second one while they are being rotated
	EventKey string   `json:"eventKey"`
	Title    string   `json:"title,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Disabled bool     `json:"disabled,omitempty"` // refuses every request as if its token were unknown
	Origin   string   `json:"origin,omitempty"`   // file that declares it; empty = made by a command

	PayloadType      PayloadType `json:"payloadType"`
	MaxPayloadLength int         `json:"maxPayloadLength"`       // bytes, on the wire
	Methods          []string    `json:"methods,omitempty"`      // empty = GET and POST
	ContentTypes     []string    `json:"contentTypes,omitempty"` // such as application/json or text/*; empty = any

	Verify         Verify   `json:"verify"`
	Allow          []string `json:"allow,omitempty"`          // addresses, networks, @name of a provider's list; empty = anybody
	TrustedProxies []string `json:"trustedProxies,omitempty"` // in addition to the server's
	Rate           Rate     `json:"rate,omitzero"`
	Dedupe         Dedupe   `json:"dedupe,omitzero"`
	Schema         Schema   `json:"schema,omitzero"`
	Response       Response `json:"response,omitzero"`

	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// Token is one way to call a webhook. The token itself is kept nowhere.
type Token struct {
	Hash     string    `json:"hash"` // SHA-256 of the token, hex
	Hint     string    `json:"hint"` // its last six characters, for logs and lists
	Created  time.Time `json:"created"`
	NotAfter time.Time `json:"notAfter,omitzero"` // zero = for ever
	LastUsed time.Time `json:"lastUsed,omitzero"` // a minute late at most
}

// Rate is how many requests a webhook takes; the zero value is no limit.
type Rate struct {
	PerSecond float64 `json:"perSecond,omitempty"`
	Burst     int     `json:"burst,omitempty"` // 0 = one second's worth, 1 at least
}

// Dedupe says what names a delivery. The zero value takes what the preset gives.
type Dedupe struct {
	Key    string `json:"key,omitempty"`    // an expression over body, headers and query; "none" asks for none
	Window int    `json:"window,omitempty"` // seconds for which a delivery is remembered; 0 = the preset's, a day at least
}

// SchemaMode is what happens to a body that does not fit the schema.
type SchemaMode string

// The schema modes.
const (
	Reject SchemaMode = "reject" // the request is refused; the default
	Park   SchemaMode = "park"   // the event is kept and dead, for a person to look at; no pipeline runs
	Warn   SchemaMode = "warn"   // the event is taken and the log says so
)

// Schema is a JSON Schema (draft 2020-12) for the body.
type Schema struct {
	Mode     SchemaMode      `json:"mode,omitempty"`
	Document json.RawMessage `json:"document,omitempty"` // empty = none
}

// Response says how an accepted request is answered. The zero value answers at once as the reference
// does: 200, status processing, and the correlation id to poll with.
type Response struct {
	Wait    int               `json:"wait,omitempty"`    // milliseconds to wait for the result; 0 = not at all
	Status  int               `json:"status,omitempty"`  // 0 = 200
	Headers map[string]string `json:"headers,omitempty"` // values may hold expressions
	Body    string            `json:"body,omitempty"`    // may hold expressions; empty = the JSON of the reference
}
