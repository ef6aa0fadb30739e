package verify_test

import (
	"bytes"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

func (f fields) add(name, text string) {
	name = textproto.CanonicalMIMEHeaderKey(name)
	f[name] = append(f[name], text)
}

func mustURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

var schemePresets = []string{
	"api-key", "aws-sns", "azure-event-grid", "basic", "bearer", "gitlab", "mailgun", "microsoft-graph", "okta", "paypal", "telegram", "twilio",
}

// TestSchemesSignSamples: what is signed for a preset is accepted by it, and by no other secret or key.
func TestSchemesSignSamples(t *testing.T) {
	t.Parallel()
	p := load(t)
	for _, name := range schemePresets {
		info, ok := p.Info(name)
		if !ok {
			t.Fatalf("no preset %s", name)
		}
		for _, event := range info.Samples {
			t.Run(name+"/"+event, func(t *testing.T) {
				t.Parallel()
				o := outgoing(name)
				o.Event = event
				req, v := signed(t, name, o)
				d, err := v.Verify(req, schemeNow)
				if err != nil {
					t.Fatalf("refused: %v\n%s", err, req.Body)
				}
				if strings.HasSuffix(event, "Confirmation") != (d.Handshake != nil) {
					t.Errorf("handshake = %+v", d.Handshake)
				}
				other, m := settingsOf(name)
				if m.Keys == nil {
					m.Secrets = []verify.Secret{{Text: []byte("ada:another")}}
				} else {
					m.Keys = [][]byte{publicPEM(otherKey())}
				}
				stranger, err := p.Compile(other, m)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := stranger.Verify(req, schemeNow); reason(err) == "" {
					t.Errorf("accepted by another secret: %v", err)
				}
			})
		}
	}
}

// TestSchemesKeepTheBody: what a test sends is what the author wrote, but for the fields that carry the proof.
func TestSchemesKeepTheBody(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"basic", "bearer", "api-key", "paypal", "twilio"} {
		o := outgoing(name)
		o.Body = []byte("{ \"a\" : 1 }\r\n")
		req, v := signed(t, name, o)
		if !bytes.Equal(req.Body, o.Body) {
			t.Errorf("%s: the body became %q", name, req.Body)
		}
		if _, err := v.Verify(req, schemeNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := outgoing("mailgun")
	o.Body = []byte(`{"event-data":{"event":"opened","n":12345678901234567890}}`)
	req, _ := signed(t, "mailgun", o)
	if !bytes.Contains(req.Body, []byte(`"event-data":{"event":"opened","n":12345678901234567890}`)) {
		t.Errorf("the payload of Mailgun became %s", req.Body)
	}
	o = outgoing("aws-sns")
	o.Body = []byte(`{"Type":"Notification","Message":"x","MessageAttributes":{"a":{"Type":"String","Value":"b"}}}`)
	req, v := signed(t, "aws-sns", o)
	if !bytes.Contains(req.Body, []byte(`"MessageAttributes":{"a":{"Type":"String","Value":"b"}}`)) {
		t.Errorf("the message of SNS became %s", req.Body)
	}
	if d, err := v.Verify(req, schemeNow); err != nil || d.Event != "Notification" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestSchemesRefuseToSign: a body in which the proof has no place, and a key that is none.
func TestSchemesRefuseToSign(t *testing.T) {
	t.Parallel()
	p := load(t)
	for name, c := range map[string]struct {
		preset, body string
		key          []byte
		want         string
	}{
		"no list of items":      {"microsoft-graph", `{"value":{}}`, nil, "the body has no place for the token"},
		"no JSON":               {"microsoft-graph", `a`, nil, "the body has no place for the token"},
		"a list for Mailgun":    {"mailgun", `[1]`, nil, "a JSON object or a form"},
		"no key for PayPal":     {"paypal", `{}`, nil, "private key"},
		"no key for SNS":        {"aws-sns", `x`, []byte("x"), "private key"},
		"a form that is broken": {"twilio", `a=%`, nil, "not a well escaped form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, m := settingsOf(c.preset)
			o := outgoing(c.preset)
			o.Body, o.PrivateKey = []byte(c.body), c.key
			err := p.Sign(w, m, &o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
