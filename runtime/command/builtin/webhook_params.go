package builtin

import (
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/webhook"
)

// WebhookParams describes the settings of a webhook. The command webhook.put takes them, and so do the files
// that declare webhooks.
func WebhookParams() []command.Param {
	params := []command.Param{
		{Name: "eventKey", Type: command.TypeText, Summary: "Key of the event that a call makes, such as webhook.lead.created; required for a new webhook."},
		{Name: "title", Type: command.TypeText, Summary: "What people call the webhook."},
		{Name: "tags", Type: command.TypeList, Summary: "Words to find it by."},
		{Name: "enabled", Type: command.TypeBoolean, Summary: "false refuses every call as if the token were unknown; default is true."},
		{
			Name: "payloadType", Type: command.TypeText, Enum: []string{string(webhook.Base64), string(webhook.Raw), string(webhook.Outbound), string(webhook.Ignore)},
			Summary: "How the body becomes the payload: base64 (default), raw (parsed where its type is known), outbound (an address of the kept body) or ignore.",
		},
		{Name: "maxPayloadLength", Type: command.TypeNumber, Summary: "Largest body in bytes, up to 4194304; default is 512000."},
		{Name: "methods", Type: command.TypeList, Summary: "Methods that are taken, of GET, POST, PUT, PATCH and DELETE; default is GET and POST."},
		{Name: "contentTypes", Type: command.TypeList, Summary: "Content types that are taken, such as application/json, text/* or application/*+json; default is any."},
		{Name: "preset", Type: command.TypeText, Aliases: []string{"verify"}, Summary: "Signature preset, such as github or hmac; without one the token alone opens the webhook."},
		{
			Name: "secret", Type: command.TypeAny, Secret: true, Aliases: []string{"secrets"},
			Summary: "Secret of the signature: env:NAME, file:PATH or the value itself. While it is being changed, a list of two, each also as {secret, notAfter}: the old one ends at notAfter (RFC 3339).",
		},
		{Name: "key", Type: command.TypeAny, Aliases: []string{"keys"}, Summary: "Public key, certificate or JWKS of presets that use them: env:NAME, file:PATH or the text itself; also a list."},
		{Name: "tolerance", Type: command.TypeNumber, Summary: "Largest age of a signed timestamp in seconds; default is the preset's."},
	}
	params = append(params, optionParams()...)
	return append(params,
		command.Param{Name: "allow", Type: command.TypeList, Summary: "Addresses and networks that may call, and @name for a provider's list; with the preset mtls also names of clients; default is anybody."},
		command.Param{Name: "trustedProxies", Type: command.TypeList, Summary: "Addresses and networks of proxies whose X-Forwarded-For is believed, in addition to the server's."},
		command.Param{Name: "rate", Type: command.TypeNumber, Summary: "Calls per second that are taken; 0, the default, is no limit."},
		command.Param{Name: "burst", Type: command.TypeNumber, Summary: "Calls that may come at once; default is one second's worth."},
		command.Param{Name: "dedupe", Type: command.TypeText, Summary: "Expression over body, headers and request that names a delivery, such as body.id; none remembers no delivery; default is what the preset says."},
		command.Param{Name: "dedupeWindow", Type: command.TypeDuration, Summary: "How long a delivery is remembered; default is the preset's, a day at least."},
		command.Param{Name: "schema", Type: command.TypeAny, Summary: "JSON Schema for the body, as a map or JSON text; an empty text takes it away."},
		command.Param{
			Name: "schemaMode", Type: command.TypeText, Enum: []string{string(webhook.Reject), string(webhook.Park), string(webhook.Warn)},
			Summary: "What happens to a body that does not fit: reject (default), park (the event is kept and no pipeline runs) or warn (the log says so).",
		},
		command.Param{Name: "responseStatus", Type: command.TypeNumber, Summary: "Status of the answer to an accepted call, 200 to 299; default is 200."},
		command.Param{Name: "responseHeaders", Type: command.TypeMap, Summary: "Headers of that answer; the texts may hold expressions."},
		command.Param{Name: "responseBody", Type: command.TypeText, Summary: "Body of that answer, which may hold expressions; default is JSON with status, correlationId and traceId."},
		command.Param{Name: "responseWait", Type: command.TypeDuration, Summary: "How long to wait for the result to answer with, 30s at most; default is not at all."},
	)
}

// optionParams describes what single presets take. Each is a text or a list, as webhook.Options keeps them.
func optionParams() []command.Param {
	return []command.Param{
		{Name: "header", Type: command.TypeText, Summary: "Header that carries the signature, token or key, for presets that do not know it."},
		{Name: "parameter", Type: command.TypeText, Summary: "Query parameter that carries the token, for presets that do not know it."},
		{Name: "algorithm", Type: command.TypeText, Enum: []string{"sha256", "sha512", "sha1"}, Summary: "Hash of the signature, for the preset hmac; default is sha256."},
		{Name: "encoding", Type: command.TypeText, Enum: []string{"hex", "base64"}, Summary: "Encoding of the signature, for the preset hmac; default is hex."},
		{Name: "prefix", Type: command.TypeText, Summary: "Text in front of the signature, for the preset hmac."},
		{Name: "verifyToken", Type: command.TypeText, Secret: true, Summary: "Token of a handshake: env:NAME, file:PATH or the value itself; default is the secret."},
		{Name: "origins", Type: command.TypeList, Summary: "Origins that a CloudEvents handshake may name."},
		{Name: "topicArns", Type: command.TypeList, Summary: "SNS topics that are taken."},
		{Name: "issuer", Type: command.TypeText, Summary: "Issuer of the tokens, for the preset jwt."},
		{Name: "audience", Type: command.TypeList, Summary: "Audience of the tokens, for the preset jwt."},
		{Name: "algorithms", Type: command.TypeList, Summary: "Algorithms that are taken, for the presets jwt and rfc9421."},
		{Name: "jwksUrl", Type: command.TypeText, Summary: "Address of the keys, for the preset jwt."},
		{Name: "webhookId", Type: command.TypeText, Summary: "The id that PayPal gave the webhook."},
		{Name: "requiredComponents", Type: command.TypeList, Summary: "Components that a signature has to cover, for the preset rfc9421."},
		{Name: "timestampHeader", Type: command.TypeText, Summary: "Header of a timestamp in seconds that is signed too, for the preset ed25519."},
		{Name: "signed", Type: command.TypeText, Summary: "What is signed, such as {timestamp}.{body}, for the preset ed25519."},
		{Name: "authAlgo", Type: command.TypeText, Summary: "Algorithm that PayPal signs with."},
		{Name: "acceptWeak", Type: command.TypeBoolean, Summary: "true to use a preset whose scheme is weak."},
	}
}
