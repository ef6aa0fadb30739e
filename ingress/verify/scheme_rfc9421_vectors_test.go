package verify_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// The keys and messages of RFC 9421, appendix B.
const (
	rfcKeyPSS = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
`
	rfcKeyP256 = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
`
	rfcKeyEd25519 = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
`
	rfcSecret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="

	rfcDigest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
	rfcCert   = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:"
)

// rfcRequest is test-request of appendix B.2 with a signature.
func rfcRequest(input, signature string) verify.Request {
	return verify.Request{
		Method: "POST", URL: "https://example.com/foo?param=Value&Pet=dog", Target: "/foo?param=Value&Pet=dog",
		Header: fields{
			"Host": {"example.com"}, "Date": {"Tue, 20 Apr 2021 02:07:55 GMT"}, "Content-Type": {"application/json"},
			"Content-Digest": {rfcDigest}, "Content-Length": {"18"},
			"Signature-Input": {input}, "Signature": {signature},
		},
		Body: []byte(`{"hello": "world"}`),
	}
}

// TestPublishedMessages rebuilds every base of RFC 9421 appendix B.2 and B.3 and checks its signature.
func TestPublishedMessages(t *testing.T) {
	t.Parallel()
	proxied := rfcRequest(`ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"`,
		"ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:")
	proxied.URL = "https://service.internal.example/foo?param=Value&Pet=dog"
	proxied.Header.(fields)["Client-Cert"] = []string{rfcCert}
	for name, c := range map[string]struct {
		req            verify.Request
		algorithm, key string
		base           []string
	}{
		"B.2.1": {
			rfcRequest(`sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
				"sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:"),
			"rsa-pss-sha512", rfcKeyPSS,
			[]string{
				`"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
			},
		},
		"B.2.2": {
			rfcRequest(`sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"`,
				"sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"),
			"rsa-pss-sha512", rfcKeyPSS,
			[]string{
				`"@authority": example.com`, `"content-digest": ` + rfcDigest, `"@query-param";name="Pet": dog`,
				`"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"`,
			},
		},
		"B.2.3": {
			rfcRequest(`sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`,
				"sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:"),
			"rsa-pss-sha512", rfcKeyPSS,
			[]string{
				`"date": Tue, 20 Apr 2021 02:07:55 GMT`, `"@method": POST`, `"@path": /foo`, `"@query": ?param=Value&Pet=dog`, `"@authority": example.com`,
				`"content-type": application/json`, `"content-digest": ` + rfcDigest, `"content-length": 18`,
				`"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`,
			},
		},
		"B.2.5": {
			rfcRequest(`sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
				"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
			"hmac-sha256", "",
			[]string{
				`"date": Tue, 20 Apr 2021 02:07:55 GMT`, `"@authority": example.com`, `"content-type": application/json`,
				`"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			},
		},
		"B.2.6": {
			rfcRequest(`sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
				"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"),
			"ed25519", rfcKeyEd25519,
			[]string{
				`"date": Tue, 20 Apr 2021 02:07:55 GMT`, `"@method": POST`, `"@path": /foo`, `"@authority": example.com`,
				`"content-type": application/json`, `"content-length": 18`,
				`"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			},
		},
		"B.3": {proxied, "ecdsa-p256-sha256", rfcKeyP256, []string{
			`"@path": /foo`, `"@query": ?param=Value&Pet=dog`, `"@method": POST`, `"@authority": service.internal.example`, `"client-cert": ` + rfcCert,
			`"@signature-params": ("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, r := verify.Base(c.req)
			want := strings.Join(c.base, "\n")
			if r != "" || base != want {
				t.Errorf("refused for %q; the base is\n%s\nwant\n%s", r, base, want)
			}
			if !published(c.algorithm, c.key, want, c.req.Header.(fields)["Signature"][0]) {
				t.Error("the published signature does not hold")
			}
			if published(c.algorithm, c.key, want+" ", c.req.Header.(fields)["Signature"][0]) {
				t.Error("the published signature holds for another base")
			}
		})
	}
}

// TestPublishedResponse checks B.2.4. It signs a response, so there is no request to rebuild its base from.
func TestPublishedResponse(t *testing.T) {
	t.Parallel()
	base := strings.Join([]string{
		`"@status": 200`, `"content-type": application/json`,
		`"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:`,
		`"content-length": 23`,
		`"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`,
	}, "\n")
	signature := "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:"
	if !published("ecdsa-p256-sha256", rfcKeyP256, base, signature) {
		t.Error("the published signature does not hold")
	}
}

func published(algorithm, key, base, field string) bool {
	_, text, _ := strings.Cut(field, "=:")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
	if err != nil {
		return false
	}
	if algorithm == "hmac-sha256" {
		secret, err := base64.StdEncoding.DecodeString(rfcSecret)
		return err == nil && string(verify.MAC(secret, base)) == string(raw)
	}
	return verify.CheckSignature(algorithm, []byte(key), base, raw)
}

// TestComponents: the examples of RFC 9421, 2.1 and 2.2, and what cannot be rebuilt.
func TestComponents(t *testing.T) {
	t.Parallel()
	const path = "https://www.example.com/path"
	for _, c := range []struct {
		url, name, want string
		refused         verify.Reason
	}{
		{path + "?param=value", "@method", "POST", ""},
		{path + "?param=value", "@target-uri", path + "?param=value", ""},
		{path + "?param=value", "@authority", "www.example.com", ""},
		{"HTTPS://WWW.Example.COM:443/Path", "@authority", "www.example.com", ""},
		{"http://example.com:80/", "@authority", "example.com", ""},
		{"http://example.com:443/", "@authority", "example.com:443", ""},
		{"https://example.com:8443?x", "@authority", "example.com:8443", ""},
		{"HTTP://www.example.com/path", "@scheme", "http", ""},
		{path + "?param=value", "@request-target", "/path?param=value", ""},
		{path + "?param=value", "@path", "/path", ""},
		{"https://www.example.com", "@path", "/", ""},
		{"https://www.example.com?x=1", "@path", "/", ""},
		{"https://www.example.com/%7Esmith/home%2Findex", "@path", "/%7Esmith/home%2Findex", ""},
		{path + "?param=value&foo=bar&baz=bat%2Dman", "@query", "?param=value&foo=bar&baz=bat%2Dman", ""},
		{path + "?queryString", "@query", "?queryString", ""},
		{path, "@query", "?", ""},
		{path + "?param=value&foo=bar&baz=batman&qux=", `"@query-param";name="baz"`, "batman", ""},
		{path + "?param=value&foo=bar&baz=batman&qux=", `"@query-param";name="qux"`, "", ""},
		{path + "?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something", `"@query-param";name="var"`, "this%20is%20a%20big%0Amultiline%20value", ""},
		{path + "?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something", `"@query-param";name="bar"`, "with%20plus%20whitespace", ""},
		{path + "?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something", `"@query-param";name="fa%C3%A7ade%22%3A%20"`, "something", ""},
		{path + "?a=1&a=2", `"@query-param";name="a"`, "", verify.ComponentsMissing},
		{path + "?a=1", `"@query-param";name="b"`, "", verify.ComponentsMissing},
		{path + "?a=%zz", `"@query-param";name="a"`, "", verify.ComponentsMissing},
		{path, "@query-param", "", verify.ComponentsMissing},
		{path, "@status", "", verify.ComponentsMissing},
		{path, "@signature-params", "", verify.ComponentsMissing},
		{path, `"@method";req`, "", verify.ComponentsMissing},
		{path, "@unknown", "", verify.ComponentsMissing},
		{"", "@target-uri", "", verify.URLUnknown},
		{"/path", "@path", "", verify.URLUnknown},
		{path, "x-ows-header", "Leading and trailing whitespace.", ""},
		{path, "cache-control", "max-age=60, must-revalidate", ""},
		{path, "x-empty-header", "", ""},
		{path, "x-missing", "", verify.ComponentsMissing},
		{path, "Cache-Control", "", verify.ComponentsMissing},
		{path, `"cache-control";sf`, "", verify.ComponentsMissing},
		{path, "x-folded", "", verify.ComponentsMissing},
		{path, "", "", verify.ComponentsMissing},
	} {
		req := verify.Request{Method: "POST", URL: c.url, Header: fields{
			"X-Ows-Header": {"  Leading and trailing whitespace.\t"}, "Cache-Control": {"max-age=60", "   must-revalidate"},
			"X-Empty-Header": {""}, "X-Folded": {"a\r\n b"},
		}}
		if got, r := verify.Component(req, c.name); got != c.want || r != c.refused {
			t.Errorf("%s of %s: %q, %q; want %q, %q", c.name, c.url, got, r, c.want, c.refused)
		}
	}
}
