package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
)

// tally counts what came of the attacks. What a scheme does not cover is told apart: such a change is
// accepted, and has to be.
type tally struct {
	mu      sync.Mutex
	presets map[string]bool
	refused map[string]int // by the kind of attack
	open    map[string]map[string]int
}

func newTally() *tally {
	return &tally{presets: map[string]bool{}, refused: map[string]int{}, open: map[string]map[string]int{}}
}

func (c *tally) refuse(preset, class string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.presets[preset] = true
	c.refused[class]++
}

func (c *tally) pass(preset, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[what] == nil {
		c.open[what] = map[string]int{}
	}
	c.open[what][preset]++
}

func (c *tally) log(t *testing.T) {
	t.Helper()
	all := 0
	for _, class := range slices.Sorted(maps.Keys(c.refused)) {
		all += c.refused[class]
		t.Logf("%8d refused: %s", c.refused[class], class)
	}
	for _, what := range slices.Sorted(maps.Keys(c.open)) {
		n := 0
		for _, m := range c.open[what] {
			n += m
		}
		t.Logf("%8d not covered: %s: %s", n, what, strings.Join(slices.Sorted(maps.Keys(c.open[what])), " "))
	}
	t.Logf("%d presets, %d forged requests, all refused", len(c.presets), all)
}

// attack is an accepted request that somebody changes.
type attack struct {
	judged

	t           *testing.T
	p           *verify.Presets
	count       *tally
	genuine     verify.Delivery
	original    []byte
	genuineOnes []string // see genuineSignatures
}

// try judges a changed request. A change that is accepted fails the test, unless uncovered says what the
// scheme does not cover.
func (a *attack) try(class string, req verify.Request, now time.Time, uncovered func(verify.Delivery) string) {
	a.t.Helper()
	d, err := a.verifier.Verify(req, now)
	if err != nil {
		if reason(err) == "" {
			a.t.Errorf("%s: an error without a reason: %v", class, err)
		}
		a.count.refuse(a.Preset, class)
		return
	}
	what := ""
	if uncovered != nil {
		what = uncovered(d)
	}
	if what == "" {
		a.t.Errorf("%s, %s: accepted: %s %s %q\n%q\n%q", a.Name, class, req.Method, req.Target, a.Fields, req.Body, req.Header)
		return
	}
	a.count.pass(a.Preset, what)
}

func because(what string) func(verify.Delivery) string {
	return func(verify.Delivery) string { return what }
}

// TestAttackVectors changes every accepted request of every preset in many ways.
func TestAttackVectors(t *testing.T) {
	t.Parallel()
	p := load(t)
	count := newTally()
	t.Run("presets", func(t *testing.T) {
		for _, v := range p.Vectors() {
			if v.Want != "accept" || v.Handshake != "" {
				continue
			}
			t.Run(v.Preset+"/"+v.Name, func(t *testing.T) {
				t.Parallel()
				verifier := compiled(t, p, v.Settings, v.Material)
				d, err := verifier.Verify(v.Request, v.Now)
				if err != nil {
					t.Fatal(err)
				}
				a := &attack{judged{v, verifier.Way(v.Request), verifier}, t, p, count, d, bytes.Clone(v.Request.Body), nil}
				a.bodies()
				a.headers()
				a.requests()
				a.clocks()
				a.secrets()
				if !bytes.Equal(a.original, a.Request.Body) {
					t.Error("judging changed the body")
				}
			})
		}
	})
	count.log(t)
	if all := len(p.Names()); len(count.presets) != all {
		t.Errorf("%d of %d presets were attacked", len(count.presets), all)
	}
}

// bodies changes the body.
func (a *attack) bodies() {
	body := a.original
	change := func(class string, other []byte) {
		if bytes.Equal(body, other) {
			return
		}
		req := a.Request
		req.Body = other
		a.try(class, req, a.Now, func(d verify.Delivery) string { return a.uncovered(body, other, d) })
	}
	for _, i := range sampled(len(body), 96) {
		for _, bit := range []byte{1, 0x20} {
			other := bytes.Clone(body)
			other[i] ^= bit
			change("a byte of the body changed", other)
		}
	}
	for _, i := range sampled(len(body), 24) {
		change("the body cut off", body[:i])
		change("the head of the body cut off", body[i+1:])
		change("a byte taken out of the body", slices.Concat(body[:i], body[i+1:]))
		change("a byte put into the body", slices.Concat(body[:i], []byte{' '}, body[i:]))
	}
	for _, tail := range []string{"\n", "\r\n", " ", "\x00", "}", "&a=b", ".", string(body)} {
		change("the body extended", slices.Concat(body, []byte(tail)))
	}
	for _, head := range []string{"\n", " ", "\xef\xbb\xbf", "{", "."} {
		change("the body extended in front", slices.Concat([]byte(head), body))
	}
	change("the body trimmed", bytes.TrimSpace(body))
	if len(body) > 0 {
		change("no body", nil)
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		again, _ := json.Marshal(v)
		change("the body serialised again", again)
		again, _ = json.MarshalIndent(v, "", " ")
		change("the body serialised again", again)
	}
}

// uncovered says why a changed body may be accepted; "" = it may not. It reads the bodies with other means
// than the schemes.
func (a *attack) uncovered(body, other []byte, d verify.Delivery) string {
	covers := func(line string) bool {
		return slices.ContainsFunc(a.Fields, func(f string) bool {
			return strings.HasPrefix(strings.ToLower(f), "signature-input") && strings.Contains(f, line)
		})
	}
	same := d.ID == a.genuine.ID
	switch a.Kind {
	case "basic", "jwt", "mtls", "ip":
		return "the body, with the scheme " + a.Kind
	case "token":
		path := a.p.TokenPath(a.Preset)
		if a.Settings.Options.First("header") != "" || a.Settings.Options.First("parameter") != "" || path == nil {
			return "the body, with a token in a header or parameter"
		}
		if slices.Equal(values(body, path), values(other, path)) {
			return "the rest of the body, with a token in the body"
		}
	case "rfc9421":
		if !covers(`"content-digest"`) {
			return "the body, where an HTTP message signature does not cover content-digest"
		}
	case "twilio":
		if same {
			return "other writings of a form, and where a name of it ends: it is the same delivery"
		}
	case "mailgun":
		if same {
			return "the payload of Mailgun: it is the same delivery"
		}
	case "sns":
		if slices.Equal(snsFields(body), snsFields(other)) {
			return "fields that SNS does not sign"
		}
	}
	return ""
}

// values gives the texts at a path of a body.
func values(body []byte, path []string) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return []string{"no JSON"}
	}
	var out []string
	var walk func(v any, path []string)
	walk = func(v any, path []string) {
		if len(path) == 0 {
			out = append(out, fmt.Sprint(v))
			return
		}
		switch v := v.(type) {
		case map[string]any:
			walk(v[path[0]], path[1:])
		case []any:
			for i, item := range v {
				if path[0] == "*" || path[0] == strconv.Itoa(i) {
					walk(item, path[1:])
				}
			}
		default:
			out = append(out, "absent")
		}
	}
	walk(v, path)
	return out
}

func snsFields(body []byte) []string {
	var out []string
	for _, name := range []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		out = append(out, values(body, []string{name})...)
	}
	return out
}

// sampled gives places among n: the first and last ones, and some between.
func sampled(n, most int) []int {
	if raceEnabled {
		most /= 4
	}
	var out []int
	for i := range n {
		if n <= most || i < most/4 || i >= n-most/4 || i%(2*n/most+1) == 0 {
			out = append(out, i)
		}
	}
	return out
}

// requests changes method and address.
func (a *attack) requests() {
	info, _ := a.p.Info(a.Preset)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "POST ", ""} {
		req := a.Request
		if req.Method = method; method == a.Request.Method {
			continue
		}
		a.try("another method", req, a.Now, func(d verify.Delivery) string {
			switch {
			case d.Handshake != nil:
				return "a handshake of that method"
			case a.Kind == "rfc9421" && len(a.Settings.Options["requiredComponents"]) > 0:
				return "the method, where a webhook does not ask a message signature for it"
			case slices.Contains(info.Methods, method) && !a.p.Signs(a.Preset, "method") && a.Kind != "rfc9421":
				return "the method, of several that the preset takes"
			}
			return ""
		})
	}
	signs := a.SignsURL || a.Kind == "twilio" || a.Kind == "rfc9421"
	for _, change := range []func(*url.URL){
		func(u *url.URL) { u.Host = "evil.example" },
		func(u *url.URL) { u.Host = "evil." + u.Host },
		func(u *url.URL) { u.Scheme = map[string]string{"https": "http", "http": "https"}[u.Scheme] },
		func(u *url.URL) { u.Path += "x" },
		func(u *url.URL) { u.Path += "/" },
		func(u *url.URL) { u.RawQuery += "&x=1" },
		func(u *url.URL) { u.RawQuery = "x=1&" + u.RawQuery },
		func(u *url.URL) { u.RawQuery = strings.ToUpper(u.RawQuery) + "=" },
	} {
		u, err := url.Parse(a.Request.URL)
		if err != nil || a.Request.URL == "" {
			break
		}
		change(u)
		req := a.Request
		req.URL, req.Target = u.String(), u.RequestURI()
		a.try("another address", req, a.Now, func(verify.Delivery) string {
			switch {
			case !signs:
				return "the address"
			case a.Kind == "rfc9421" && len(a.Settings.Options["requiredComponents"]) > 0:
				return "parts of the address that the webhook does not ask a message signature for"
			case a.Kind == "rfc9421" && u.Scheme != "https":
				return "the scheme of the address, where a message signature covers @authority and @path"
			}
			return ""
		})
	}
	if signs {
		req := a.Request
		req.URL = ""
		a.try("no public address", req, a.Now, because(map[bool]string{true: "the address, which this message signature does not cover"}[a.Kind == "rfc9421" && len(a.Settings.Options) > 0]))
	}
	if a.Kind == "token" {
		a.parameters()
	}
}

// parameters changes the parameters of the address, one of which is the token.
func (a *attack) parameters() {
	path, query, found := strings.Cut(a.Request.Target, "?")
	name, text, isPair := strings.Cut(query, "=")
	if !found || !isPair || strings.Contains(text, "&") || a.headerCarries() {
		return
	}
	for _, other := range []string{
		name + "=", name, name + "=" + text + text, name + "=" + text[1:], name + "=%00" + text, name + "=+" + text,
		name + "=" + text + "&" + name + "=" + text, name + "=x&" + name + "=" + text, name + "=" + text + "&" + name + "=",
		name + "[]=" + text, strings.ToUpper(name) + "=" + text, name + ";x=" + text, "x=1;" + name + "=" + text,
		name + "=" + text + "%zz", name + "=" + text + "#", "#" + name + "=" + text, name + "x=" + text, "",
	} {
		req := a.Request
		req.Target = path + "?" + other
		a.try("the token's parameter", req, a.Now, func(verify.Delivery) string {
			if other == name+"="+text+"#" {
				return "a fragment, which no request has"
			}
			return ""
		})
	}
}

func (a *attack) headerCarries() bool {
	return slices.ContainsFunc(a.Fields, func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return slices.Contains(a.p.Carriers(a.Preset), strings.ToLower(name)) || strings.EqualFold(name, a.Settings.Options.First("header"))
	})
}

// clocks finds the span in which the request is accepted.
func (a *attack) clocks() {
	ages := a.Timestamp != "" || a.TimestampInBody || slices.Contains([]string{"sns", "paypal", "mailgun", "jwt", "rfc9421", "mtls"}, a.Kind)
	if !ages {
		req := a.Request
		a.try("a year later", req, a.Now.AddDate(1, 0, 0), because("the time: the request does not age"))
		return
	}
	for _, years := range []int{-100, -10, 10, 100} {
		if a.Kind == "mtls" && (years == 10 || years == -10) {
			continue // certificates live long
		}
		a.try("another year", a.Request, a.Now.AddDate(years, 0, 0), nil)
	}
	accepts := func(shift time.Duration) bool {
		_, err := a.verifier.Verify(a.Request, a.Now.Add(shift))
		return err == nil
	}
	edge := func(accepts func(time.Duration) bool) time.Duration {
		low, high := time.Duration(0), 20*365*24*time.Hour // low is accepted, high is not
		for low+1 < high {
			if middle := (low + high) / 2; accepts(middle) {
				low = middle
			} else {
				high = middle
			}
		}
		a.count.refuse(a.Preset, "one nanosecond beyond the tolerance")
		return low
	}
	span := edge(accepts) + edge(func(shift time.Duration) bool { return accepts(-shift) })
	switch {
	case a.Kind == "mtls" || a.Kind == "jwt":
	case a.Kind == "template" && span != 2*a.Tolerance:
		a.t.Errorf("%s: accepted for %v, with a tolerance of %v", a.Name, span, a.Tolerance)
	case a.Kind != "rfc9421" && a.Tolerance > 0 && span != 2*a.Tolerance, span > 2*24*time.Hour:
		a.t.Errorf("%s: accepted for %v, with a tolerance of %v", a.Name, span, a.Tolerance)
	}
}

// secrets judges the request with other secrets and keys.
func (a *attack) secrets() {
	with := func(class string, m verify.Material, now time.Time) {
		verifier, err := a.p.Compile(a.Settings, m)
		if err != nil {
			a.count.refuse(a.Preset, class)
			return
		}
		other := *a
		other.verifier = verifier
		other.try(class, a.Request, now, nil)
	}
	m := a.Material
	if len(m.Secrets) == 1 {
		text := m.Secrets[0].Text
		for _, i := range sampled(len(text), 16) {
			for _, c := range []byte("aZ7") {
				if bytes.EqualFold([]byte{c}, text[i:i+1]) || i < len("whsec_") && strings.ContainsRune("whsec_v1,", rune(text[i])) {
					continue
				}
				changed := bytes.Clone(text)
				changed[i] = c
				m.Secrets = []verify.Secret{{Text: changed}}
				with("another secret", m, a.Now)
			}
		}
		for _, other := range [][]byte{text[:len(text)-1], append(bytes.Clone(text), 'x'), []byte("x")} {
			m.Secrets = []verify.Secret{{Text: other}}
			with("another secret", m, a.Now)
		}
	}
	if len(m.Secrets) > 0 {
		m.Secrets = slices.Clone(a.Material.Secrets)
		for i := range m.Secrets {
			m.Secrets[i].NotAfter = a.Now.Add(-1)
		}
		if len(m.Keys) == 0 {
			with("an expired secret", m, a.Now)
			m.Secrets = nil
			with("no secret", m, a.Now)
		}
	}
	if m.Secrets = a.Material.Secrets; len(m.Keys) > 0 && len(m.Secrets) == 0 {
		for _, other := range []string{edPublic, ecPublic, string(publicPEM(otherKey()))} {
			m.Keys, m.Fetch = [][]byte{[]byte(other)}, nil
			with("another key", m, a.Now)
		}
		m.Keys = nil
		with("no key", m, a.Now)
	}
}
