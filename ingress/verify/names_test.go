package verify_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// TestNamesOfTheProofOccurOnce: what proves a body that holds its own proof is there once, in any writing. Of a
// name that proves nothing a repetition is left to whoever reads the body.
func TestNamesOfTheProofOccurOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ preset, old, now string }{
		{"figma", `"passcode":`, `"passcode":"x","passcode":`},
		{"figma", `"passcode":`, `"passcode":null,"passcode":`},
		{"figma", `"passcode":`, `"pass\u0063ode":"x","passcode":`},
		{"microsoft-graph", `"value":`, `"value":[],"value":`},
		{"microsoft-graph", `"clientState":`, `"clientState":"x","clientState":`},
		{"microsoft-graph", `"clientState":`, `"clientStat\u0065":"x","clientState":`},
		{"mailgun", `"signature":{`, `"signature":{},"signature":{`},
		{"mailgun", `"signature":{`, `"signature":null,"signature":{`},
		{"mailgun", `"token":`, `"token":null,"token":`},
		{"mailgun", `"timestamp":"`, `"timestamp":"1","timestamp":"`},
		{"mailgun", `"token":`, `"t\u006fken":"x","token":`},
		{"aws-sns", `"Message":`, `"Message":"x","Message":`},
		{"aws-sns", `"Signature":`, `"Signature":null,"Signature":`},
		{"aws-sns", `"TopicArn":`, `"Topic\u0041rn":"x","TopicArn":`},
	} {
		o := outgoing(c.preset)
		req, v := signed(t, c.preset, o)
		if _, err := v.Verify(req, schemeNow); err != nil {
			t.Fatalf("%s: %v", c.preset, err)
		}
		body := string(req.Body)
		first, last := strings.Index(body, c.old), strings.LastIndex(body, c.old)
		if first < 0 {
			t.Fatalf("%s: %s is not in %s", c.preset, c.old, body)
		}
		// In front and behind, whichever of the two a reader would take.
		for _, at := range []int{first, last} {
			req.Body = []byte(body[:at] + c.now + body[at+len(c.old):])
			if _, err := v.Verify(req, schemeNow); reason(err) != verify.BodyMalformed && reason(err) != verify.TokenMismatch && reason(err) != verify.TokenMissing {
				t.Errorf("%s with %s: %v", c.preset, c.now, err)
			}
		}
		req.Body = []byte(strings.Replace(body, "{", `{"other":1,"other":2,`, 1))
		if _, err := v.Verify(req, schemeNow); err != nil {
			t.Errorf("%s with another name twice: %v", c.preset, err)
		}
	}
}
