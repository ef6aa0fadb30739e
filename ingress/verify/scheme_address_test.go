package verify_test

import (
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

func TestSNSCertURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
		"https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
		"https://sns.us-gov-west-1.amazonaws.com/a.pem",
	} {
		if !verify.SNSCertURL(good) {
			t.Errorf("refused %s", good)
		}
	}
	for _, bad := range []string{
		"",
		"https://",
		"sns.us-east-1.amazonaws.com/a.pem",
		"//sns.us-east-1.amazonaws.com/a.pem",
		"http://sns.us-east-1.amazonaws.com/a.pem",
		"HTTPS://sns.us-east-1.amazonaws.com/a.pem",
		"https://sns.us-east-1.amazonaws.com",
		"https://sns.us-east-1.amazonaws.com/",
		"https://sns.us-east-1.amazonaws.com/.pem",
		"https://sns.us-east-1.amazonaws.com/a.pem/",
		"https://sns.us-east-1.amazonaws.com/a.pem?",
		"https://sns.us-east-1.amazonaws.com/a.pem?b",
		"https://sns.us-east-1.amazonaws.com/a.pem#",
		"https://sns.us-east-1.amazonaws.com/a.pem#b",
		"https://sns.us-east-1.amazonaws.com/a.pem%00",
		"https://sns.us-east-1.amazonaws.com/%2e%2e/a.pem",
		"https://sns.us-east-1.amazonaws.com/../a.pem",
		"https://sns.us-east-1.amazonaws.com/a/b.pem",
		"https://sns.us-east-1.amazonaws.com/a\\b.pem",
		"https://sns.us-east-1.amazonaws.com/a.pem\n",
		" https://sns.us-east-1.amazonaws.com/a.pem",
		"https://sns.us-east-1.amazonaws.com:443/a.pem",
		"https://sns.us-east-1.amazonaws.com:/a.pem",
		"https://a@sns.us-east-1.amazonaws.com/a.pem",
		"https://a:b@sns.us-east-1.amazonaws.com/a.pem",
		"https://@sns.us-east-1.amazonaws.com/a.pem",
		"https://sns.us-east-1.amazonaws.com@example.com/a.pem",
		"https://example.com\\@sns.us-east-1.amazonaws.com/a.pem",
		"https://example.com/https://sns.us-east-1.amazonaws.com/a.pem",
		"https://sns.us-east-1.amazonaws.com.example.com/a.pem",
		"https://sns.us-east-1.amazonaws.com./a.pem",
		"https://sns.us-east-1.amazonaws.co/a.pem",
		"https://sns.us-east-1.amazonaws.com.cn.cn/a.pem",
		"https://sns.us-east-1.amazonawsXcom/a.pem",
		"https://xsns.us-east-1.amazonaws.com/a.pem",
		"https://x.sns.us-east-1.amazonaws.com/a.pem",
		"https://sns.amazonaws.com/a.pem",
		"https://sns.ab.amazonaws.com/a.pem",
		"https://sns.a.b.amazonaws.com/a.pem",
		"https://sns.US-EAST-1.amazonaws.com/a.pem",
		"https://sns.us_east_1.amazonaws.com/a.pem",
		"https://sns.us-east-1\u3002amazonaws.com/a.pem",
		"https://[sns.us-east-1.amazonaws.com]/a.pem",
		"https://127.0.0.1/a.pem",
	} {
		if verify.SNSCertURL(bad) {
			t.Errorf("took %q", bad)
		}
	}
}

func TestSNSConfirmURL(t *testing.T) {
	t.Parallel()
	const good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:123456789012:t&Token=23"
	if !verify.SNSConfirmURL(good) {
		t.Errorf("refused %s", good)
	}
	for _, bad := range []string{
		"",
		"http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
		"https://sns.eu-west-1.amazonaws.com/",
		"https://sns.eu-west-1.amazonaws.com?Action=ConfirmSubscription",
		"https://sns.eu-west-1.amazonaws.com/x?Action=ConfirmSubscription",
		"https://sns.eu-west-1.amazonaws.com/%2F?Action=ConfirmSubscription",
		"https://sns.eu-west-1.amazonaws.com/?Action=Publish",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Action=Publish",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&%41ction=Publish",
		"https://sns.eu-west-1.amazonaws.com/?action=ConfirmSubscription",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription#x",
		"https://sns.eu-west-1.amazonaws.com:443/?Action=ConfirmSubscription",
		"https://u@sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
		"https://169.254.169.254/?Action=ConfirmSubscription",
		"https://example.com/?Action=ConfirmSubscription&x=sns.eu-west-1.amazonaws.com",
	} {
		if verify.SNSConfirmURL(bad) {
			t.Errorf("took %q", bad)
		}
	}
}

// TestSNSName: the names of signing certificates that the SDKs of AWS know, by region.
func TestSNSName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"sns.amazonaws.com":                        true,
		"sns.amazonaws.com.cn":                     true,
		"sns-us-gov-west-1.amazonaws.com":          true,
		"sns-cn-north-1.amazonaws.com.cn":          true,
		"sns-signing.me-south-1.amazonaws.com":     true,
		"sns-signing.ap-southeast-7.amazonaws.com": true,
		"s3.amazonaws.com":                         false,
		"bucket.s3.amazonaws.com":                  false,
		"sns.amazonaws.com.example.com":            false,
		"*.amazonaws.com":                          false,
		"amazonaws.com":                            false,
		"":                                         false,
	} {
		if verify.SNSName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestPayPalCertURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-5edc0ebc":         true,
		"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-90621ecd": true,
		"https://api-m.paypal.com/v1/notifications/certs/CERT-1":                                true,
		"http://api.paypal.com/v1/notifications/certs/CERT-1":                                   false,
		"https://api.paypal.com/v1/notifications/certs/":                                        false,
		"https://api.paypal.com/v1/notifications/certs/CERT-1/../x":                             false,
		"https://api.paypal.com/v1/notifications/certs/CERT-1?x":                                false,
		"https://api.paypal.com/v1/notifications/certs/CERT-1#x":                                false,
		"https://api.paypal.com/v1/notifications/certs/CERT-1\n":                                false,
		"https://api.paypal.com:443/v1/notifications/certs/CERT-1":                              false,
		"https://u@api.paypal.com/v1/notifications/certs/CERT-1":                                false,
		"https://paypal.com/v1/notifications/certs/CERT-1":                                      false,
		"https://api.paypal.com.example.com/v1/notifications/certs/CERT-1":                      false,
		"https://example.com/?api.paypal.com/v1/notifications/certs/CERT-1":                     false,
		"https://API.paypal.com/v1/notifications/certs/CERT-1":                                  false,
		"": false,
	} {
		if verify.PayPalCertURL(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
