package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// forge signs requests of a template by its description alone, without the code that is judged. It stands
// for a sender that sends whatever is wanted, and for an attacker who has seen what it sent.
type forge struct {
	verify.Shape

	t        *testing.T
	p        *verify.Presets
	verifier *verify.Verifier
	settings webhook.Verify
	key      []byte        // of an HMAC
	private  crypto.Signer // of the other algorithms
}

const forgeBase = "https://pi.example"

var forgeNow = time.Unix(1_700_000_000, 0).UTC()

// parts are the pieces of what is signed.
type parts struct{ method, target, timestamp, id, body string }

// newForge makes a webhook of the template with a secret that is known here.
func newForge(t *testing.T, p *verify.Presets, s verify.Shape) *forge {
	t.Helper()
	f := &forge{Shape: s, t: t, p: p, settings: webhook.Verify{Preset: s.Preset, Options: webhook.Options{}}}
	if s.Header == "" {
		f.Header = "X-Forged-Signature"
		f.settings.Options["header"] = []string{f.Header}
	}
	if s.Off {
		f.settings.Options["acceptWeak"] = []string{"true"}
	}
	var m verify.Material
	if s.Algorithm == "ed25519" || s.Algorithm == "ecdsa-p256" {
		m.Keys = [][]byte{[]byte(publicKeys[s.Algorithm])}
		block, _ := pem.Decode([]byte(privateKeys[s.Algorithm]))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		f.private, _ = key.(crypto.Signer)
	} else {
		f.key = []byte("a secret of the forge, 32 bytes!")
		m = secrets([]byte(f.writeSecret(f.key)))
	}
	f.verifier = compiled(t, p, f.settings, m)
	return f
}

// writeSecret gives a key as the provider shows it.
func (f *forge) writeSecret(key []byte) string {
	switch f.SecretForm {
	case "base64":
		return f.SecretPrefix + base64.StdEncoding.EncodeToString(key)
	case "hex":
		return hex.EncodeToString(key)
	}
	return string(key)
}

// content joins the pieces.
func (f *forge) content(p parts) string {
	var out strings.Builder
	for _, piece := range f.Pieces {
		out.WriteString(f.value(piece, p))
	}
	return out.String()
}

func (f *forge) value(piece string, p parts) string {
	switch piece {
	case "{body}":
		return p.body
	case "{timestamp}":
		return p.timestamp
	case "{id}":
		return p.id
	case "{method}":
		return p.method
	case "{url}":
		return forgeBase + p.target
	case "{path}":
		return p.target
	}
	return piece
}

func (f *forge) hash() func() hash.Hash {
	return map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New, "keyed-sha256": sha256.New}[f.Algorithm]
}

// sign signs with the true key.
func (f *forge) sign(content string) []byte {
	switch key := f.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(content))
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256([]byte(content))
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			f.t.Fatal(err)
		}
		return signature
	}
	return f.mac(f.hash(), f.key, content)
}

func (f *forge) mac(h func() hash.Hash, key []byte, content string) []byte {
	m := hmac.New(h, key)
	if f.Algorithm == "keyed-sha256" {
		m = h()
		m.Write(key)
	}
	m.Write([]byte(content))
	return m.Sum(nil)
}

func (f *forge) encode(signature []byte) string {
	switch f.Encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(signature)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(signature)
	}
	return hex.EncodeToString(signature)
}

// request gives a request with encoded signatures.
func (f *forge) request(p parts, signatures ...string) verify.Request {
	var items []string
	switch {
	case f.TimestampHeader == "" || f.TimestampHeader != f.Header:
	case f.TimestampFirst:
		items = append(items, p.timestamp)
	default:
		items = append(items, f.TimestampPrefix+p.timestamp)
	}
	for _, s := range signatures {
		items = append(items, f.Prefix+s)
	}
	lines := append(slices.Clone(f.When), f.Header+": "+strings.Join(items, f.Separator))
	if f.TimestampHeader != "" && f.TimestampHeader != f.Header {
		lines = append(lines, f.TimestampHeader+": "+f.TimestampPrefix+p.timestamp)
	}
	if f.Delivery != "" {
		lines = append(lines, f.Delivery+": "+p.id)
	}
	return verify.Request{
		Method: p.method, Target: p.target, URL: forgeBase + p.target, Body: []byte(p.body), Header: verify.VectorHeader(lines),
	}
}

// good is a request of the sender.
func (f *forge) good() parts {
	return parts{
		method: f.Methods[0], target: "/hooks/abc?x=1", timestamp: f.stamp(forgeNow), id: "msg-1",
		body: f.body(f.stamp(forgeNow), `"note":"n"`),
	}
}

// body gives a JSON object, with the timestamp where the template reads it from there.
func (f *forge) body(stamp, more string) string {
	if len(f.TimestampField) == 0 {
		return "{" + more + "}"
	}
	if f.Form == "rfc3339" {
		stamp = strconv.Quote(stamp)
	}
	for _, name := range slices.Backward(f.TimestampField) {
		stamp = "{" + strconv.Quote(name) + ":" + stamp + "}"
	}
	return stamp[:len(stamp)-1] + "," + more + "}"
}

func (f *forge) stamp(at time.Time) string {
	switch f.Form {
	case "milliseconds":
		return fmt.Sprint(at.UnixMilli())
	case "rfc3339":
		return at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(at.Unix())
}

func (f *forge) ages() bool { return f.TimestampHeader != "" || len(f.TimestampField) > 0 }

func (f *forge) verdict(req verify.Request) verify.Reason {
	_, err := f.verifier.Verify(req, forgeNow)
	return reason(err)
}

// accepts fails the test when the sender's own request is refused.
func (f *forge) accepts(what string, req verify.Request) {
	f.t.Helper()
	if _, err := f.verifier.Verify(req, forgeNow); err != nil {
		f.t.Errorf("%s: %s: %v: %q %q", f.Preset, what, err, req.Header, req.Body)
	}
}

// eachShape runs a test of every template of every preset.
func eachShape(t *testing.T, run func(f *forge, count *tally)) {
	t.Helper()
	p := load(t)
	count := newTally()
	for i, s := range p.Shapes() {
		t.Run(fmt.Sprint(s.Preset, "/", i), func(t *testing.T) {
			f := newForge(t, p, s)
			good := f.good()
			f.accepts("the sender's request", f.request(good, f.encode(f.sign(f.content(good)))))
			run(f, count)
		})
	}
	count.log(t)
	if len(count.presets) < 10 {
		t.Error("too few presets")
	}
}

func (f *forge) refuses(count *tally, class string, req verify.Request, want ...verify.Reason) {
	f.t.Helper()
	got := f.verdict(req)
	if got == "" || len(want) > 0 && !slices.Contains(want, got) {
		f.t.Errorf("%s: %s: %q, want %q\n%q %q %q", f.Preset, class, got, want, req.Header, req.Target, req.Body)
		return
	}
	count.refuse(f.Preset, class)
}

// TestAttackKeys: signatures by keys and algorithms that are not the webhook's.
func TestAttackKeys(t *testing.T) {
	t.Parallel()
	eachShape(t, func(f *forge, count *tally) {
		good := f.good()
		content := f.content(good)
		refuse := func(class string, signature []byte) {
			f.refuses(count, class, f.request(good, f.encode(signature)), verify.SignatureMismatch, verify.SignatureMalformed)
		}
		hashes := map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New}
		keys := map[string][]byte{
			"the empty key": nil, "a key of one zero": {0}, "the prefix of secrets": []byte("whsec_"), "the name of the preset": []byte(f.Preset),
		}
		own := f.hash()
		if f.private != nil {
			pub := f.private.Public()
			der, err := x509.MarshalPKIXPublicKey(pub)
			if err != nil {
				f.t.Fatal(err)
			}
			keys["the public key in PEM"] = []byte(publicKeys[f.Algorithm])
			keys["the public key in DER"] = der
			keys["the public key in base64"] = []byte(base64.StdEncoding.EncodeToString(der))
			if raw, ok := pub.(ed25519.PublicKey); ok {
				keys["the public key"] = raw
				keys["the public key in hex"] = []byte(hex.EncodeToString(raw))
				// Signatures that hold for a weak public key, whatever was signed.
				refuse("zeros", make([]byte, ed25519.SignatureSize))
				refuse("the neutral point", append([]byte{1}, make([]byte, 63)...))
			} else {
				for _, zero := range [][]byte{{0x30, 6, 2, 1, 0, 2, 1, 0}, {0x30, 6, 2, 1, 1, 2, 1, 0}, {0x30, 6, 2, 1, 0, 2, 1, 1}} {
					refuse("r or s is zero", zero)
				}
			}
		} else {
			written := []byte(f.writeSecret(f.key))
			keys["another key"] = []byte("another secret of the forge, 32!")
			if f.SecretForm == "text" {
				keys["the secret in base64"] = []byte(base64.StdEncoding.EncodeToString(f.key))
				keys["the secret in hex"] = []byte(hex.EncodeToString(f.key))
			} else {
				keys["the secret as it is shown"] = written
				keys["the secret without its prefix"] = []byte(strings.TrimPrefix(string(written), f.SecretPrefix))
			}
			for name, h := range hashes {
				if name == f.Algorithm {
					continue
				}
				m := hmac.New(h, f.key)
				m.Write([]byte(content))
				refuse("another algorithm, "+name, m.Sum(nil))
				refuse("another algorithm, cut to length", cut(m.Sum(nil), own().Size()))
			}
			plain := own()
			plain.Write([]byte(content))
			refuse("a plain digest", plain.Sum(nil))
			plain.Reset()
			plain.Write(f.key)
			plain.Write([]byte(content))
			if f.Algorithm != "keyed-sha256" {
				refuse("a digest with the secret in front", plain.Sum(nil))
			}
			plain.Reset()
			plain.Write([]byte(content))
			plain.Write(f.key)
			refuse("a digest with the secret behind", plain.Sum(nil))
			refuse("zeros", make([]byte, own().Size()))
			refuse("half a signature", f.sign(content)[:own().Size()/2])
			refuse("the secret itself", f.key)
		}
		for name, key := range keys {
			if own == nil {
				for _, h := range hashes {
					m := hmac.New(h, key)
					m.Write([]byte(content))
					refuse("signed with "+name, m.Sum(nil))
				}
				continue
			}
			refuse("signed with "+name, f.mac(own, key, content))
		}
		for _, other := range []string{"", content + " ", good.body, "\n" + content, strings.ToUpper(content)} {
			if other != content {
				refuse("another content", f.sign(other))
			}
		}
	})
}

func cut(text []byte, size int) []byte { return append(text, make([]byte, size)...)[:size] }

// TestAttackEncodings: a true signature in other writings, and among others.
func TestAttackEncodings(t *testing.T) {
	t.Parallel()
	eachShape(t, func(f *forge, count *tally) {
		good := f.good()
		raw := f.sign(f.content(good))
		text := f.encode(raw)
		refuse := func(class, signature string) {
			f.t.Helper()
			if signature != text {
				f.refuses(count, class, f.request(good, signature), verify.SignatureMalformed, verify.SignatureMismatch, verify.SignatureMissing)
			}
		}
		std, url := base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw)
		if f.Encoding == "hex" {
			// A sender writes small letters; capital ones are the same bytes, and taken.
			f.accepts("hex in capital letters", f.request(good, strings.ToUpper(text)))
			count.pass(f.Preset, "hex in capital letters")
			refuse("base64 instead of hex", std)
			refuse("an odd number of digits", text[1:])
			refuse("0x in front", "0x"+text)
			refuse("colons between", text[:2]+":"+text[2:])
		} else {
			refuse("hex instead of base64", hex.EncodeToString(raw))
			for _, other := range []string{std, url, strings.TrimRight(std, "="), strings.TrimRight(url, "="), text + "=", text + "=="} {
				if f.decodes(other) {
					continue // without + and / and padding both alphabets write the same
				}
				refuse("another base64", other)
			}
			if last := strings.TrimRight(text, "="); len(raw)%3 != 0 {
				const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
				at := strings.IndexByte(strings.NewReplacer("-", "+", "_", "/").Replace(alphabet), last[len(last)-1])
				if at >= 0 {
					refuse("loose bits", last[:len(last)-1]+string(alphabet[at|1])+text[len(last):])
				}
			}
			refuse("capital letters", strings.ToUpper(text))
		}
		for _, gap := range []string{"\n", "\r\n", " ", "\t", "\x00", "=", ".", "\u200b"} {
			refuse("something inside", text[:8]+gap+text[8:])
			if f.Separator == "" || gap != " " {
				refuse("something in front", gap+text)
				refuse("something behind", text+gap)
			}
		}
		refuse("twice in a row", text+text)
		refuse("empty", "")
		refuse("a prefix too many", f.Prefix+"x"+text)
		if f.Separator == "" {
			refuse("a list", text+","+f.Prefix+text)
			return
		}
		wrong := f.encode(make([]byte, len(raw)))
		f.accepts("the last of eight", f.request(good, append(slices.Repeat([]string{wrong}, 7), text)...))
		f.refuses(count, "nine signatures", f.request(good, append(slices.Repeat([]string{wrong}, 8), text)...), verify.SignatureMany)
		f.refuses(count, "nine signatures", f.request(good, slices.Repeat([]string{text}, 9)...), verify.SignatureMany)
		f.refuses(count, "no signature", f.request(good), verify.SignatureMissing)
		f.refuses(count, "eight wrong ones", f.request(good, slices.Repeat([]string{wrong}, 8)...), verify.SignatureMismatch, verify.SignatureMalformed)
	})
}

// decodes reports whether a text is the preset's own writing of some bytes.
func (f *forge) decodes(text string) bool {
	e := base64.StdEncoding
	if f.Encoding == "base64url" {
		e = base64.RawURLEncoding
	}
	raw, err := e.Strict().DecodeString(text)
	return err == nil && f.encode(raw) == text
}
