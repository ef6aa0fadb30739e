package verify_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

const paypalCert = "https://api.paypal.com/v1/notifications/certs/CERT-"

// paypalFetch makes a verifier of PayPal that fetches, and a request whose certificate has an address.
func paypalFetch(t *testing.T, fetch verify.Fetcher) (*verify.Verifier, func(cert string) verify.Request) {
	t.Helper()
	w, m := settingsOf("paypal")
	m.Keys, m.Fetch = nil, fetch
	v, err := load(t).Compile(w, m)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := signed(t, "paypal", outgoing("paypal"))
	return v, func(cert string) verify.Request {
		h := fields{}
		for name, values := range req.Header.(fields) {
			h[name] = values
		}
		h["Paypal-Cert-Url"] = []string{cert}
		out := req
		out.Header = h
		return out
	}
}

func paypalPEM(t *testing.T) []byte {
	t.Helper()
	return certificate(t, signerKey(), "messageverificationcerts.paypal.com", schemeNow.AddDate(-1, 0, 0), schemeNow.AddDate(1, 0, 0))
}

// TestCertificateIsFetchedOnce: a hundred requests at one moment share a fetch, later ones need none.
func TestCertificateIsFetchedOnce(t *testing.T) {
	t.Parallel()
	text := paypalPEM(t)
	var fetches atomic.Int32
	arrived := make(chan struct{})
	v, request := paypalFetch(t, fetchFunc(func(ctx context.Context, url string) ([]byte, error) {
		fetches.Add(1)
		if _, limited := ctx.Deadline(); !limited || url != paypalCert+"1" {
			t.Errorf("fetching %s without a limit", url)
		}
		<-arrived
		return text, nil
	}))
	var started, done sync.WaitGroup
	for range 100 {
		started.Add(1)
		done.Go(func() {
			started.Done()
			if _, err := v.Verify(request(paypalCert+"1"), schemeNow); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
	close(arrived)
	done.Wait()
	for range 10 {
		if _, err := v.Verify(request(paypalCert+"1"), schemeNow.Add(4*time.Minute)); err != nil {
			t.Error(err)
		}
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// TestInventedCertificates: a stranger who names new addresses has a few fetched in a minute, and those
// that are known stay usable.
func TestInventedCertificates(t *testing.T) {
	t.Parallel()
	text := paypalPEM(t)
	var fetches atomic.Int32
	v, request := paypalFetch(t, fetchFunc(func(_ context.Context, url string) ([]byte, error) {
		fetches.Add(1)
		if url == paypalCert+"good" {
			return text, nil
		}
		return nil, errOffline
	}))
	if _, err := v.Verify(request(paypalCert+"good"), schemeNow); err != nil {
		t.Fatal(err)
	}
	for minute := range 3 {
		now := schemeNow.Add(time.Duration(minute) * time.Minute)
		before := fetches.Load()
		for i := range 100 {
			if _, err := v.Verify(request(fmt.Sprint(paypalCert, minute, "-", i)), now); reason(err) != verify.KeyUnavailable {
				t.Fatalf("%v", err)
			}
			if _, err := v.Verify(request(paypalCert+"good"), now); err != nil {
				t.Fatalf("the known certificate: %v", err)
			}
		}
		if n := fetches.Load() - before; n > 10 {
			t.Errorf("%d fetches in a minute", n)
		}
	}
}

// TestCertificateAfterFailure: a failure is remembered for seconds only, and not as a certificate.
func TestCertificateAfterFailure(t *testing.T) {
	t.Parallel()
	text := paypalPEM(t)
	answers := [][]byte{nil, []byte("<html>"), text}
	fetches := 0
	v, request := paypalFetch(t, fetchFunc(func(context.Context, string) ([]byte, error) {
		fetches++
		if answers[fetches-1] == nil {
			return nil, errOffline
		}
		return answers[fetches-1], nil
	}))
	for _, c := range []struct {
		after   time.Duration
		want    verify.Reason
		fetches int
	}{
		{0, verify.KeyUnavailable, 1},
		{9 * time.Second, verify.KeyUnavailable, 1},
		{10 * time.Second, verify.CertificateRefused, 2},
		{20 * time.Second, "", 3},
		{4 * time.Minute, "", 3},
	} {
		if _, err := v.Verify(request(paypalCert+"1"), schemeNow.Add(c.after)); reason(err) != c.want || fetches != c.fetches {
			t.Errorf("after %v: %v and %d fetches, want %q and %d", c.after, err, fetches, c.want, c.fetches)
		}
	}
}

// TestCertificateEnds: a certificate that ended is asked for again, at the address that may hold a new one.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	end := schemeNow.Add(time.Minute)
	fetches := 0
	v, request := paypalFetch(t, fetchFunc(func(context.Context, string) ([]byte, error) {
		fetches++
		if fetches == 1 {
			return certificate(t, signerKey(), "messageverificationcerts.paypal.com", schemeNow.Add(-time.Hour), end), nil
		}
		return paypalPEM(t), nil
	}))
	for _, now := range []time.Time{schemeNow, end, end.Add(time.Second)} {
		if _, err := v.Verify(request(paypalCert+"1"), now); err != nil {
			t.Errorf("at %v: %v", now, err)
		}
	}
	if fetches != 2 {
		t.Errorf("%d fetches", fetches)
	}
}

// TestNothingIsFetchedUnasked: no request that is wrong in what needs no key has a certificate fetched.
func TestNothingIsFetchedUnasked(t *testing.T) {
	t.Parallel()
	never := fetchFunc(func(_ context.Context, url string) ([]byte, error) {
		t.Errorf("fetched %s", url)
		return nil, errOffline
	})
	_, request := paypalFetch(t, fetchFunc(offline))
	for name, change := range map[string]func(h fields){
		"algorithm": func(h fields) { h["Paypal-Auth-Algo"] = []string{"none"} },
		"time":      func(h fields) { h["Paypal-Transmission-Time"] = []string{"2020-01-01T00:00:00Z"} },
		"id":        func(h fields) { h["Paypal-Transmission-Id"] = []string{"a|b"} },
		"host":      func(h fields) { h["Paypal-Cert-Url"] = []string{"https://example.com/v1/notifications/certs/CERT-1"} },
		"signature": func(h fields) { h["Paypal-Transmission-Sig"] = []string{"AAAA"} },
	} {
		v, _ := paypalFetch(t, never)
		req := request(paypalCert + "1")
		change(req.Header.(fields))
		if _, err := v.Verify(req, schemeNow); reason(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, m := settingsOf("aws-sns")
	m.Keys, m.Fetch = nil, never
	v, err := load(t).Compile(w, m)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := signed(t, "aws-sns", outgoing("aws-sns"))
	for name, change := range map[string][2]string{
		"topic":   {":orders", ":others"},
		"time":    {"2023-11-14T", "2023-11-13T"},
		"version": {`"SignatureVersion":"2"`, `"SignatureVersion":"3"`},
		"host":    {"sns.eu-west-1.amazonaws.com/Simple", "sns.eu-west-1.amazonaws.com.example.com/Simple"},
		"type":    {`"Type":"Notification"`, `"Type":"Other"`},
	} {
		req := good
		text := strings.Replace(string(good.Body), change[0], change[1], 1)
		if text == string(good.Body) {
			t.Fatalf("%s: nothing to change in %s", name, text)
		}
		req.Body = []byte(text)
		if _, err := v.Verify(req, schemeNow); reason(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPinnedCertificates: authorities and certificates may stand in one text.
func TestPinnedCertificates(t *testing.T) {
	t.Parallel()
	req, _ := signed(t, "paypal", outgoing("paypal"))
	p := load(t)
	good := string(paypalPEM(t))
	ended := string(certificate(t, signerKey(), "x", schemeNow.AddDate(-2, 0, 0), schemeNow.AddDate(-1, 0, 0)))
	for name, c := range map[string]struct {
		keys []string
		want verify.Reason
	}{
		"one text with several":       {[]string{string(publicPEM(otherKey())) + good}, ""},
		"several texts":               {[]string{string(publicPEM(otherKey())), good}, ""},
		"one that ended beside a key": {[]string{ended, string(publicPEM(signerKey()))}, ""},
		"one that ended":              {[]string{ended}, verify.CertificateRefused},
		"another key":                 {[]string{string(publicPEM(otherKey()))}, verify.SignatureMismatch},
	} {
		m := verify.Material{Fetch: fetchFunc(func(context.Context, string) ([]byte, error) { return []byte(good), nil })}
		for _, k := range c.keys {
			m.Keys = append(m.Keys, []byte(k))
		}
		v, err := p.Compile(webhook.Verify{Preset: "paypal", Options: webhook.Options{"webhookId": {"0EH40505U7160970P"}}}, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(req, schemeNow); reason(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
