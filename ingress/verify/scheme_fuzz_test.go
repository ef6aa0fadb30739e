package verify_test

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// refusedWell fails unless the error of a refused request is a refusal with a reason.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	if reason(err) == "" {
		t.Fatalf("an error without a reason: %v", err)
	}
}

// FuzzTwilioForm: a request is accepted only when what Twilio's own libraries would sign of it is what
// was signed.
func FuzzTwilioForm(f *testing.F) {
	o := outgoing("twilio")
	o.Body = []byte("Body=Hello+World&From=%2B1")
	req, v := signed(f, "twilio", o)
	const text = "https://hooks.example.com/hooks/t?a=1BodyHello WorldFrom+1"
	f.Add("?a=1", string(req.Body))
	f.Add("?a=1", "From=%2b1&Body=Hello%20World&From=%2B1")
	f.Add("?a=1BodyHello", "")
	f.Add("?bodySHA256=00", "&=&%")
	f.Fuzz(func(t *testing.T, query, body string) {
		other := req
		other.URL, other.Body = "https://hooks.example.com/hooks/t"+query, []byte(body)
		if _, err := v.Verify(other, schemeNow); err != nil {
			refusedWell(t, err)
			return
		}
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("took a form that is none: %v", err)
		}
		signedText := other.URL
		names := make([]string, 0, len(form))
		for name := range form {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			values := form[name]
			slices.Sort(values)
			for _, value := range slices.Compact(values) {
				signedText += name + value
			}
		}
		if signedText != text {
			t.Fatalf("took %q", signedText)
		}
	})
}

// FuzzSNS: of the one message that was signed, no other reading is accepted.
func FuzzSNS(f *testing.F) {
	o := outgoing("aws-sns")
	o.Body = []byte(`{"Type":"Notification","Message":"a\nMessageId\nb","Subject":"s"}`)
	req, v := signed(f, "aws-sns", o)
	var want map[string]string
	if err := json.Unmarshal(req.Body, &want); err != nil {
		f.Fatal(err)
	}
	// Each process has a key of its own, so the corpus holds a word in place of the signature.
	const place = "SIGNATURE"
	kept := strings.Replace(string(req.Body), want["Signature"], place, 1)
	if kept == string(req.Body) {
		f.Fatal("the signature is written in another way")
	}
	f.Add([]byte(kept))
	f.Add([]byte(strings.Replace(kept, `"a\nMessageId\nb"`, `"a"`, 1)))
	f.Add([]byte(`{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"}`))
	f.Add([]byte(`{"Type":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		other := req
		body = bytes.Replace(body, []byte(place), []byte(want["Signature"]), 1)
		other.Body = body
		d, err := v.Verify(other, schemeNow)
		if err != nil {
			refusedWell(t, err)
			return
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Type", "Message", "MessageId", "Subject", "Timestamp", "TopicArn"} {
			if got[name] != want[name] {
				t.Fatalf("took %s with %s = %v", body, name, got[name])
			}
		}
		if d.ID != want["MessageId"] || d.Handshake != nil {
			t.Fatalf("%+v", d)
		}
	})
}

// FuzzPayPal: of the one transmission that was signed, only the body's bytes may differ, and its CRC-32 not.
func FuzzPayPal(f *testing.F) {
	req, v := signed(f, "paypal", outgoing("paypal"))
	h := req.Header.(fields)
	get := func(name string) string { return h[http.CanonicalHeaderKey(name)][0] }
	id, stamp, sig, cert := get("PAYPAL-TRANSMISSION-ID"), get("PAYPAL-TRANSMISSION-TIME"), get("PAYPAL-TRANSMISSION-SIG"), get("PAYPAL-CERT-URL")
	const place = "SIGNATURE" // see FuzzSNS
	f.Add(id, stamp, place, cert, req.Body)
	f.Add(id+"|"+stamp, "", place, cert+"?", req.Body)
	f.Add("", "2023-11-14T22:13:20.0Z", "AAAA\n", "https://api.paypal.com/v1/notifications/certs/", []byte{})
	f.Fuzz(func(t *testing.T, gotID, gotStamp, gotSig, gotCert string, body []byte) {
		other := req
		other.Body = body
		other.Header = fields{
			"Paypal-Transmission-Id": {gotID}, "Paypal-Transmission-Time": {gotStamp},
			"Paypal-Transmission-Sig": {strings.Replace(gotSig, place, sig, 1)},
			"Paypal-Cert-Url":         {gotCert}, "Paypal-Auth-Algo": {"SHA256withRSA"},
		}
		d, err := v.Verify(other, schemeNow)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if gotID != id || gotStamp != stamp || crc32.ChecksumIEEE(body) != crc32.ChecksumIEEE(req.Body) || d.ID != id {
			t.Fatalf("took id %q, time %q, delivery %q", gotID, gotStamp, d.ID)
		}
		if !strings.HasPrefix(gotCert, "https://api") || !strings.Contains(gotCert, ".paypal.com/v1/notifications/certs/") {
			t.Fatalf("took the certificate %q", gotCert)
		}
	})
}

// FuzzBasic: what is accepted, the standard library reads as the one name and password.
func FuzzBasic(f *testing.F) {
	_, v := signed(f, "basic", outgoing("basic"))
	f.Add("Basic YWRhOmNvcnJlY3QgaG9yc2U=")
	f.Add("bAsIc YWRhOmNvcnJlY3QgaG9yc2U=")
	f.Add("Basic YWRhOmNvcnJlY3QgaG9yc2V=")
	f.Add("Basic YWRh\nOmNvcnJlY3QgaG9yc2U=")
	f.Add("Basic ")
	f.Fuzz(func(t *testing.T, header string) {
		if _, err := v.Verify(verify.Request{Method: "POST", Header: fields{"Authorization": {header}}}, schemeNow); err != nil {
			refusedWell(t, err)
			return
		}
		r := http.Request{Header: http.Header{"Authorization": {header}}}
		if name, password, ok := r.BasicAuth(); !ok || name != "ada" || password != "correct horse" {
			t.Fatalf("took %q", header)
		}
	})
}

// FuzzMailgun: whatever the body is, what is accepted carries the one token that was signed.
func FuzzMailgun(f *testing.F) {
	jsonReq, v := signed(f, "mailgun", outgoing("mailgun"))
	o := outgoing("mailgun")
	o.Event = "route"
	formReq, _ := signed(f, "mailgun", o)
	first, err := v.Verify(jsonReq, schemeNow)
	if err != nil {
		f.Fatal(err)
	}
	second, err := v.Verify(formReq, schemeNow)
	if err != nil {
		f.Fatal(err)
	}
	kinds := []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\"", "text/plain"}
	f.Add(0, jsonReq.Body)
	f.Add(1, formReq.Body)
	f.Add(2, []byte("--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--b--\r\n"))
	f.Add(3, []byte("----"))
	f.Fuzz(func(t *testing.T, kind int, body []byte) {
		h := fields{"Content-Type": {kinds[uint(kind)%uint(len(kinds))]}}
		d, err := v.Verify(verify.Request{Method: "POST", Header: h, Body: body}, schemeNow)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if d.ID != first.ID && d.ID != second.ID || !bytes.Contains(body, []byte(d.ID[:4])) {
			t.Fatalf("took the token %q", d.ID)
		}
	})
}

// FuzzTokenSources: a token in the address is accepted only where the standard library finds it once, one
// in the body only where every item has it.
func FuzzTokenSources(f *testing.F) {
	const secret = "correct-horse-battery-staple"
	_, query := signed(f, "azure-event-grid", outgoing("azure-event-grid"))
	_, body := signed(f, "microsoft-graph", outgoing("microsoft-graph"))
	f.Add("code="+secret, `{"value":[{"clientState":"`+secret+`"}]}`)
	f.Add("code=x&c%6fde="+secret, `{"value":[{"clientState":"`+secret+`"},{}]}`)
	f.Add("code=%zz&code="+secret, `{"value":[{"clientState":"\u0063orrect-horse-battery-staple","clientState":1}]}`)
	f.Add("code="+secret+";code=y", `{"value":{"0":{"clientState":"`+secret+`"}}}`)
	f.Fuzz(func(t *testing.T, rawQuery, text string) {
		_, err := query.Verify(verify.Request{Method: "POST", Target: "/t?" + rawQuery, Header: fields{}, Body: []byte("[]")}, schemeNow)
		if err != nil {
			refusedWell(t, err)
		} else {
			before, _, _ := strings.Cut(rawQuery, "#")
			// A ; is part of a value here, and a mistake there.
			values, _ := url.ParseQuery(strings.ReplaceAll(before, ";", "%3B"))
			if len(values["code"]) != 1 || values["code"][0] != secret {
				t.Fatalf("took the query %q", rawQuery)
			}
		}
		_, err = body.Verify(verify.Request{Method: "POST", Target: "/t", Header: fields{}, Body: []byte(text)}, schemeNow)
		if err != nil {
			refusedWell(t, err)
			return
		}
		var got struct {
			Value []map[string]any `json:"value"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Value) == 0 {
			t.Fatalf("took the body %q", text)
		}
		for _, item := range got.Value {
			if item["clientState"] != secret {
				t.Fatalf("took the body %q", text)
			}
		}
	})
}
