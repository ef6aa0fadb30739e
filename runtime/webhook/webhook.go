// Package webhook is the setting of one inbound URL, as a value. The door (package ingress) checks
// requests against it, the store keeps it, the webhook.* commands change it. Everybody may import it.
package webhook

import "time"

// PayloadType says how the body of a request becomes the payload of the event.
type PayloadType string

// The payload types.
const (
	Base64 PayloadType = "base64" // payload is {origin: <base64 text>}; the default
	Raw    PayloadType = "raw"    // payload is the parsed JSON when the content is JSON, else the text
	Ignore PayloadType = "ignore" // payload is null
)

// The limits of MaxPayloadLength, in bytes.
const (
	DefaultMaxPayloadLength = 512_000
	MaxMaxPayloadLength     = 4_194_304
)

// Webhook is one inbound URL. UUID is its token and never changes.
type Webhook struct {
	UUID             string      `json:"uuid"`
	EventKey         string      `json:"eventKey"`
	PayloadType      PayloadType `json:"payloadType"`
	MaxPayloadLength int         `json:"maxPayloadLength"` // bytes
	Verify           Verify      `json:"verify"`
	Created          time.Time   `json:"created"`
	Updated          time.Time   `json:"updated"`
}

// Verify says how a request proves where it comes from. The zero value asks for the token alone.
type Verify struct {
	Preset    string   `json:"preset,omitempty"`    // name of a signature preset; empty = token alone
	Secrets   []string `json:"secrets,omitempty"`   // values or references (env:NAME, file:PATH); several during a rotation
	Tolerance int      `json:"tolerance,omitempty"` // seconds; 0 = the preset's own

	// Only for the preset "hmac".
	Header    string `json:"header,omitempty"`
	Algorithm string `json:"algorithm,omitempty"` // sha256 (default), sha512, sha1
	Encoding  string `json:"encoding,omitempty"`  // hex (default), base64
	Prefix    string `json:"prefix,omitempty"`    // in front of the signature, for example "sha256="
}
