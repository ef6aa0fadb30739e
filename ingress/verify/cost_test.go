package verify_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
)

const costBody = 4 << 20

// costlyBodies are bodies that are expensive to read for one who reads them too early or too carefully.
func costlyBodies() map[string][]byte {
	fill := func(unit string) string { return strings.Repeat(unit, costBody/len(unit)) }
	var names strings.Builder
	names.WriteString("{")
	for i := 0; names.Len() < costBody-40; i++ {
		fmt.Fprintf(&names, "%q:%d,", fmt.Sprint("n", i), i)
	}
	object := names.String() + `"end":1}`
	var params strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&params, "p%d=%s&", i, strings.Repeat("v", costBody/10_000-8))
	}
	multipart := fill("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n")
	return map[string][]byte{
		"zeros":                  make([]byte, costBody),
		"deep lists":             []byte(fill("[")),
		"deep objects":           []byte(fill(`{"a":`)),
		"many names":             []byte(object),
		"many items":             []byte("[" + fill("1,") + "1]"),
		"items of the token":     []byte(`{"value":[` + fill(`{"clientState":"x"},`) + `{}]}`),
		"one text":               []byte(`{"a":"` + fill("x") + `"}`),
		"escapes":                []byte(`{"a":"` + fill(`\u0041`) + `"}`),
		"a long number":          []byte(`{"a":` + fill("1") + `}`),
		"names twice":            []byte("{" + fill(`"a":1,`) + `"a":1}`),
		"signature object":       []byte(`{"signature":{` + strings.TrimPrefix(object, "{") + `}`),
		"fields":                 []byte(strings.TrimSuffix(params.String(), "&")),
		"empty fields":           []byte(fill("a=&") + "a="),
		"escaped fields":         []byte("a=" + fill("%41")),
		"parts":                  []byte(multipart),
		"an endless part header": []byte("--b\r\n" + fill("x")),
		"message of SNS":         []byte(`{"Type":"Notification","Message":"` + fill("x") + `","TopicArn":"x"}`),
	}
}

// cost is what a request takes.
type cost struct {
	time  time.Duration
	bytes uint64 // allocated
}

// measure gives the least of two tries.
func measure(work func()) cost {
	best := cost{math.MaxInt64, math.MaxUint64}
	var before, after runtime.MemStats
	for range 2 {
		runtime.ReadMemStats(&before)
		start := time.Now()
		work()
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		best.time, best.bytes = min(best.time, took), min(best.bytes, after.TotalAlloc-before.TotalAlloc)
	}
	return best
}

func (c cost) worse(other cost) bool { return c.time > other.time }

// TestCostOfStrangers: what a request costs that proves nothing, with the dearest of the bodies and header
// fields above, beside a plain digest of as many bytes. Allocations are held to a small multiple of the
// request; of times, which a busy machine stretches, only what grows faster than the request is a failure.
func TestCostOfStrangers(t *testing.T) {
	if raceEnabled {
		t.Skip("SKIPPED: the race detector allocates and takes time itself; run without -race")
	}
	p := load(t)
	bodies, texts := costlyBodies(), costlyFields()
	hash := measure(func() { sha256.Sum256(bodies["zeros"]) })
	t.Logf("SHA-256 of 4 MiB: %v", hash.time)
	t.Logf("%-22s %12s | %-24s %10s %6s %9s | %-40s %10s %9s", "preset", "accepted", "dearest body, 4 MiB", "time", "hashes", "allocated", "dearest header field, 64 KiB", "time", "allocated")
	for _, v := range p.Accepting() {
		if !slices.Contains(costlyPresets, v.Preset) {
			continue
		}
		accepted := compiled(t, p, v.Settings, v.Material)
		fine := measure(func() { _, _ = accepted.Verify(v.Request, v.Now) })
		verifier := compiled(t, p, v.Settings, stranger(v.Material))
		carriers := append(p.Carriers(v.Preset), proofHeaders[accepted.Way(v.Request).Kind]...)
		carriers = append(carriers, "x-forwarded-for", "content-type", v.Settings.Options.First("header"))
		with := func(name, text string) verify.Header {
			lines := slices.DeleteFunc(slices.Clone(v.Fields), func(l string) bool { return strings.HasPrefix(strings.ToLower(l), strings.ToLower(name)+":") })
			return verify.VectorHeader(append(lines, name+": "+text))
		}
		judge := func(req verify.Request) cost {
			return measure(func() { _, _ = verifier.Verify(req, v.Now) })
		}
		var body, field cost
		bodyName, fieldName := "", ""
		for name, text := range bodies {
			kinds := []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"}
			if v.Preset != "mailgun" && v.Preset != "twilio" {
				kinds = kinds[:1]
			}
			for _, kind := range kinds {
				req := v.Request
				req.Body, req.Header = text, with("Content-Type", kind)
				if c := judge(req); c.bytes > 8*costBody {
					t.Errorf("%s, %s: %d KiB allocated", v.Preset, name, c.bytes/1024)
				} else if c.worse(body) {
					body, bodyName = c, name
				}
			}
		}
		for _, name := range carriers {
			for kind, text := range texts {
				if name == "" {
					continue
				}
				req := v.Request
				req.Body, req.Header = append(bytes.Clone(req.Body), ' '), with(name, text)
				if c := judge(req); c.bytes > 16*costField {
					t.Errorf("%s, %s with %s: %d KiB allocated", v.Preset, name, kind, c.bytes/1024)
				} else if c.worse(field) {
					field, fieldName = c, name+", "+kind
				}
			}
		}
		hashes := float64(body.time) / float64(hash.time)
		t.Logf("%-22s %12v | %-24s %10v %6.1f %5d KiB | %-40s %10v %5d KiB", v.Preset, fine.time, bodyName, body.time, hashes, body.bytes/1024, fieldName, field.time, field.bytes/1024)
		if hashes > 200 {
			t.Errorf("%s: a stranger's request with %s costs as much as %.0f digests of it", v.Preset, bodyName, hashes)
		}
	}
}

// costlyPresets are one of each kind of proof, and those with handshakes that come before it.
var costlyPresets = []string{
	"github", "slack", "stripe", "standard-webhooks", "standard-webhooks-v1a", "discord", "sendgrid", "square", "hubspot-v3", "x", "woocommerce",
	"meta", "bearer", "basic", "figma", "microsoft-graph", "azure-event-grid", "cloudevents-webhook", "mailgun", "aws-sns", "twilio", "paypal", "jwt", "rfc9421", "mtls",
	"ip-allow-list",
}

// stranger gives material with other secrets of the same form.
func stranger(m verify.Material) verify.Material {
	m.Secrets = slices.Clone(m.Secrets)
	for i, s := range m.Secrets {
		text := bytes.Clone(s.Text)
		at := len(text) / 2
		if text[at]++; text[at] == ':' {
			text[at] = '0'
		}
		m.Secrets[i].Text = text
	}
	return m
}

const costField = 64 << 10

// costlyFields are header fields of many parts.
func costlyFields() map[string]string {
	fill := func(unit string) string { return strings.Repeat(unit, costField/len(unit)) }
	var components strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&components, "%q ", fmt.Sprint("x-", i))
	}
	var labels []string
	for i := range 8 {
		labels = append(labels, fmt.Sprintf("s%d=(\"@method\" \"@target-uri\" \"content-digest\");created=1700000000", i))
	}
	return map[string]string{
		"one word":             fill("x"),
		"commas":               fill(","),
		"semicolons":           fill(";"),
		"spaces":               fill(" "),
		"signatures of Stripe": "t=1700000000," + fill("v1=,"),
		"signatures":           fill("v1,x "),
		"quotation marks":      fill(`"`),
		"backslashes":          `"` + fill(`\\`) + `"`,
		"certificates":         fill("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"1,000 components":     "sig=(" + strings.TrimSpace(components.String()) + ");created=1700000000",
		"60 components":        "sig1=(" + strings.Repeat(`"@method" `, 60) + ");created=1700000000",
		"8 signatures":         strings.Join(labels, ", "),
		"labels":               fill("a=(), ") + "b=()",
		"parameters":           "a" + fill(";a=1"),
		"10,000 hops":          strings.Repeat("10.0.0.1, ", 10_000) + "192.0.2.1",
		"a long JWT":           "Bearer eyJhbGciOiJSUzI1NiJ9." + fill("YTph") + ".YTph",
		"a JWT of 8 KiB":       "Bearer eyJhbGciOiJSUzI1NiJ9." + strings.Repeat("YTph", 1900) + ".YTph",
		"dots":                 "Bearer " + fill("a."),
		"long credentials":     "Basic " + fill("YTph"),
		"bytes":                ":" + fill("AAAA") + ":",
		"digests":              fill("a=:AAAA:, "),
		"percent":              fill("%41"),
	}
}
