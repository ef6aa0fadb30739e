package verify_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// TestAttackLegacy: an older or another proof of the same sender, made with the true secret, is none.
func TestAttackLegacy(t *testing.T) {
	t.Parallel()
	hexOf, base64Of := hex.EncodeToString, base64.StdEncoding.EncodeToString
	old := map[string][]struct {
		header, prefix string
		hash           func() hash.Hash
		encode         func([]byte) string
		content        string // {body} and {timestamp} are put in
	}{
		"github":            {{"X-Hub-Signature", "sha1=", sha1.New, hexOf, "{body}"}, {"X-Hub-Signature", "sha256=", sha256.New, hexOf, "{body}"}},
		"meta":              {{"X-Hub-Signature", "sha1=", sha1.New, hexOf, "{body}"}},
		"gitea":             {{"X-Hub-Signature-256", "sha256=", sha256.New, hexOf, "{body}"}, {"X-Gogs-Signature", "", sha256.New, hexOf, "{body}"}, {"X-Hub-Signature", "sha1=", sha1.New, hexOf, "{body}"}},
		"bitbucket":         {{"X-Hub-Signature-256", "sha256=", sha256.New, hexOf, "{body}"}, {"X-Hub-Signature", "sha1=", sha1.New, hexOf, "{body}"}},
		"square":            {{"X-Square-Signature", "", sha1.New, base64Of, forgeBase + "/hooks/abc?x=1{body}"}},
		"hubspot-v3":        {{"X-HubSpot-Signature", "", nil, hexOf, "{body}"}, {"X-HubSpot-Signature", "", nil, hexOf, "POST" + forgeBase + "/hooks/abc?x=1{body}"}},
		"stripe":            {{"Stripe-Signature", "t={timestamp},v0=", sha256.New, hexOf, "{timestamp}.{body}"}},
		"slack":             {{"X-Slack-Signature", "v1=", sha256.New, hexOf, "v1:{timestamp}:{body}"}},
		"pagerduty":         {{"X-PagerDuty-Signature", "v0=", sha256.New, hexOf, "{body}"}},
		"standard-webhooks": {{"webhook-signature", "v1a,", sha256.New, base64Of, "msg-1.{timestamp}.{body}"}, {"webhook-signature", "v0,", sha256.New, base64Of, "msg-1.{timestamp}.{body}"}, {"svix-signature", "v1,", sha256.New, base64Of, "msg-1.{timestamp}.{body}"}},
		"paddle":            {{"Paddle-Signature", "ts={timestamp};h0=", sha256.New, hexOf, "{timestamp}:{body}"}},
		"revolut":           {{"Revolut-Signature", "v0=", sha256.New, hexOf, "v0.{timestamp}.{body}"}},
		"intercom":          {{"X-Hub-Signature-256", "sha256=", sha256.New, hexOf, "{body}"}},
		"twitch":            {{"X-Hub-Signature", "sha256=", sha256.New, hexOf, "{body}"}},
		"shopify":           {{"X-Shopify-Hmac-SHA256", "", sha256.New, hexOf, "{body}"}, {"X-Shopify-Signature", "", sha256.New, hexOf, "{body}"}},
		"trello":            {{"x-trello-webhook", "", sha1.New, base64Of, "{body}"}},
		"zoom":              {{"x-zm-signature", "v0=", sha256.New, hexOf, "{body}"}, {"Authorization", "", nil, hexOf, ""}},
		"vercel":            {{"x-zeit-signature", "sha1=", sha1.New, hexOf, "{body}"}},
		"sentry":            {{"Sentry-App-Signature", "", sha256.New, hexOf, "{body}"}},
	}
	shown := map[string]bool{}
	eachShape(t, func(f *forge, count *tally) {
		for _, c := range old[f.Preset] {
			shown[f.Preset] = true
			p := f.good()
			fill := func(text string) string {
				return strings.NewReplacer("{body}", p.body, "{timestamp}", p.timestamp).Replace(text)
			}
			var signature []byte
			if c.hash == nil { // a plain digest with the secret in front
				sum := sha256.Sum256([]byte(string(f.key) + fill(c.content)))
				signature = sum[:]
			} else {
				signature = f.mac(c.hash, f.key, fill(c.content))
			}
			lines := []string{c.header + ": " + fill(c.prefix) + c.encode(signature)}
			if f.TimestampHeader != "" && f.TimestampHeader != f.Header {
				lines = append(lines, f.TimestampHeader+": "+p.timestamp)
			}
			if f.Delivery != "" {
				lines = append(lines, f.Delivery+": "+p.id)
			}
			req := f.request(p)
			req.Header = verify.VectorHeader(lines)
			f.refuses(count, c.header+" "+c.prefix, req)
		}
	})
	for name := range old {
		if !shown[name] {
			t.Errorf("there is no template %s", name)
		}
	}
}
