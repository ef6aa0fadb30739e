package verify_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

var schemeNow = time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)

const snsTopic = "arn:aws:sns:eu-west-1:123456789012:orders"

// signerKey stands for the key of a provider.
var signerKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func privatePEM(k *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func publicPEM(k *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// certificate makes a self-made certificate of the key.
func certificate(tb testing.TB, k *rsa.PrivateKey, name string, from, to time.Time) []byte {
	tb.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// fetchFunc is a Fetcher.
type fetchFunc func(ctx context.Context, url string) ([]byte, error)

func (f fetchFunc) Fetch(ctx context.Context, url string) ([]byte, error) { return f(ctx, url) }

var errOffline = errors.New("the host does not answer")

func offline(context.Context, string) ([]byte, error) { return nil, errOffline }

// settingsOf are settings that are enough for each preset with a scheme of its own.
func settingsOf(preset string) (webhook.Verify, verify.Material) {
	w := webhook.Verify{Preset: preset, Options: webhook.Options{}}
	m := verify.Material{}
	switch preset {
	case "aws-sns":
		w.Options["topicArns"] = []string{snsTopic}
		m.Keys = [][]byte{publicPEM(signerKey())}
	case "paypal":
		w.Options["webhookId"] = []string{"0EH40505U7160970P"}
		m.Keys = [][]byte{publicPEM(signerKey())}
	case "basic":
		m.Secrets = []verify.Secret{{Text: []byte("ada:correct horse")}}
	default:
		m.Secrets = []verify.Secret{{Text: []byte("correct-horse-battery-staple")}}
	}
	return w, m
}

// outgoing is what pi send would sign.
func outgoing(preset string) verify.Outgoing {
	o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t?a=1", Now: schemeNow}
	if preset == "aws-sns" || preset == "paypal" {
		o.PrivateKey = privatePEM(signerKey())
	}
	return o
}

// requestOf is how o arrives.
func requestOf(o verify.Outgoing) verify.Request {
	h := fields{}
	for _, f := range o.Header {
		h.add(f[0], f[1])
	}
	u := mustURL(o.URL)
	return verify.Request{Method: o.Method, Target: u.RequestURI(), URL: o.URL, Header: h, Body: o.Body}
}

// signed signs o and gives the request, with the verifier that judges it.
func signed(tb testing.TB, preset string, o verify.Outgoing) (verify.Request, *verify.Verifier) {
	tb.Helper()
	w, m := settingsOf(preset)
	p := load(tb)
	v, err := p.Compile(w, m)
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.Sign(w, m, &o); err != nil {
		tb.Fatal(err)
	}
	return requestOf(o), v
}
