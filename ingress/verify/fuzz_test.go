package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

var fuzzNow = time.Unix(1_700_000_000, 0)

// FuzzStripeHeader: no header panics, and one is accepted only when it holds the true signature of
// exactly one fresh timestamp.
func FuzzStripeHeader(f *testing.F) {
	v := compile(f, webhook.Verify{Preset: "stripe"}, "k")
	ts := fmt.Sprint(fuzzNow.Unix())
	good := sign("k", ts, ".body")
	f.Add("t=" + ts + ",v1=" + good)
	f.Add("v1=" + good + ",t=" + ts + ",v0=x")
	f.Add("t=,v1=")
	f.Add(strings.Repeat("v1=,", 20))
	f.Fuzz(func(t *testing.T, header string) {
		_, err := v.Verify(verify.Request{Method: "POST", Header: fields{"Stripe-Signature": {header}}, Body: []byte("body")}, fuzzNow)
		if err != nil {
			if reason(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		stamp := ""
		for item := range strings.SplitSeq(header, ",") {
			if text, ok := strings.CutPrefix(strings.Trim(item, " "), "t="); ok {
				if stamp != "" {
					t.Fatal("accepted with two timestamps")
				}
				stamp = text
			}
		}
		if !strings.Contains(strings.ToLower(header), sign("k", stamp, ".body")) {
			t.Fatal("accepted without the signature")
		}
	})
}

// FuzzSlack drives the two headers of a timestamped scheme.
func FuzzSlack(f *testing.F) {
	v := compile(f, webhook.Verify{Preset: "slack"}, "k")
	ts := fmt.Sprint(fuzzNow.Unix())
	f.Add("v0="+sign("k", "v0:", ts, ":body"), ts)
	f.Add("v0=", "1700000000 ")
	f.Fuzz(func(t *testing.T, sig, stamp string) {
		h := fields{"X-Slack-Signature": {sig}, "X-Slack-Request-Timestamp": {stamp}}
		if _, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: []byte("body")}, fuzzNow); err != nil {
			return
		}
		if len(stamp) != 10 || !strings.EqualFold(sig, "v0="+sign("k", "v0:", stamp, ":body")) {
			t.Fatal("accepted without the signature")
		}
	})
}

// FuzzStandardWebhooks drives a list of base64 signatures and the id.
func FuzzStandardWebhooks(f *testing.F) {
	const secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	key, _ := base64.StdEncoding.DecodeString(secret)
	v := compile(f, webhook.Verify{Preset: "standard-webhooks"}, "whsec_"+secret)
	ts := fmt.Sprint(fuzzNow.Unix())
	mac := func(id string) string {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + ts + ".body"))
		return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	f.Add("msg_1", mac("msg_1"))
	f.Add("msg_1", "v1a,x "+mac("msg_1"))
	f.Add("a.b", mac("a.b"))
	f.Fuzz(func(t *testing.T, id, sig string) {
		h := fields{"Webhook-Id": {id}, "Webhook-Timestamp": {ts}, "Webhook-Signature": {sig}}
		d, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: []byte("body")}, fuzzNow)
		if err != nil {
			return
		}
		if d.ID != id || strings.Contains(id, ".") || !strings.Contains(sig, mac(id)) {
			t.Fatal("accepted without the signature")
		}
	})
}

// FuzzTimestamp: what the strict forms take, the standard library takes with the same meaning.
func FuzzTimestamp(f *testing.F) {
	f.Add("2023-11-14T22:13:20Z")
	f.Add("2023-11-14T22:13:20.5+01:00")
	f.Add("2023-11-14T2:13:20Z")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := verify.ParseTimestamp("rfc3339", []byte(text))
		if !ok {
			return
		}
		want, err := time.Parse(time.RFC3339, text)
		if err != nil || !got.Equal(want) || text[10] != 'T' || strings.Contains(text, ",") {
			t.Fatalf("%q: %v, %v", text, got, err)
		}
	})
}

// FuzzPreset: no preset file panics the loader, and one that loads signs the body.
func FuzzPreset(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte("name: a\nsigned: \"{id}.{timestamp}.{body}\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		signsBody, ok := verify.ParsePreset(data)
		if ok && !signsBody {
			t.Fatal("a preset loads that does not prove the body")
		}
	})
}
