package ingress_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// deepest is how deep a body may nest, with the event around it.
const deepest = value.MaxDepth - 1

// corpus are documents in the style of a parser torture suite: y is JSON, n is not, i is left open by RFC
// 8259 and decided here.
var corpus = map[string]string{
	"y object":                       `{"a":1,"b":[true,false,null],"c":{}}`,
	"y nested as deep as may be":     strings.Repeat("[", deepest) + strings.Repeat("]", deepest),
	"y white space everywhere":       " \t\r\n{ \"a\" :\n[ 1 , 2 ] }\n ",
	"y text alone":                   `"text"`,
	"y number alone":                 `-0`,
	"y null alone":                   `null`,
	"y escapes":                      `"\"\\\/\b\f\n\r\t\u00e9"`,
	"y surrogate pair":               `"\ud834\udd1e"`,
	"y NUL escaped":                  `"\u0000"`,
	"y delete character":             "\"\x7f\"",
	"y empty name":                   `{"":0}`,
	"y names that differ by case":    `{"a":1,"A":2}`,
	"y number with all its parts":    `123.456e-78`,
	"y text that looks like a token": `"${secrets.X}"`,

	"n nothing but white space":     " \n",
	"n trailing comma in a list":    `[1,]`,
	"n trailing comma in an object": `{"a":1,}`,
	"n double comma":                `[1,,2]`,
	"n leading comma":               `[,1]`,
	"n no comma":                    `[1 2]`,
	"n colon in a list":             `["a":1]`,
	"n no colon":                    `{"a" 1}`,
	"n no value":                    `{"a":}`,
	"n name without quotes":         `{a:1}`,
	"n number as a name":            `{1:1}`,
	"n single quotes":               `{'a':1}`,
	"n comment":                     `{"a":/*x*/1}`,
	"n hash comment":                "{} # x",
	"n unclosed list":               `[1`,
	"n unclosed object":             `{"a":1`,
	"n unclosed text":               `"abc`,
	"n closed by the wrong bracket": `[1}`,
	"n two documents":               `{} {}`,
	"n bracket behind the end":      `[]]`,
	"n NaN":                         `NaN`,
	"n infinity":                    `-Infinity`,
	"n plus":                        `+1`,
	"n leading zero":                `-012`,
	"n hexadecimal":                 `0x1`,
	"n point without digits":        `1.`,
	"n point in front":              `.1`,
	"n exponent without digits":     `1e`,
	"n capital literal":             `True`,
	"n shortened literal":           `nul`,
	"n unescaped line feed":         "\"a\nb\"",
	"n unescaped tab":               "\"\t\"",
	"n unknown escape":              `"\x41"`,
	"n short escape":                `"\u00e"`,
	"n escape at the end":           `"\`,
	"n vertical tab as white space": "[1\v]",
	"n no-break space":              "[1\u00a0]",
	"n full-width digits":           `[１]`,
	"n NUL behind the end":          "{}\x00",
	"n byte order mark":             "\xef\xbb\xbf{}",
	"n UTF-16":                      "\xff\xfe{\x00}\x00",

	"n i lone high surrogate":        `"\ud800"`,
	"n i lone low surrogate":         `"\udc00"`,
	"n i surrogates in wrong order":  `"\udd1e\ud834"`,
	"n i raw surrogate":              "\"\xed\xa0\x80\"",
	"n i overlong encoding":          "\"\xc0\xaf\"",
	"n i invalid byte":               "\"\xff\"",
	"n i cut sequence":               "\"\xe2\x82\"",
	"n i name twice":                 `{"a":1,"a":1}`,
	"n i name twice, once escaped":   `{"a":1,"\u0061":2}`,
	"n i huge exponent":              `1e400000`,
	"n i huge negative exponent":     `-1e400000`,
	"n i very many digits":           strings.Repeat("9", 1<<20),
	"n i deep lists":                 strings.Repeat("[", 100_000),
	"n i deep objects":               strings.Repeat(`{"a":`, 100_000),
	"n i one level too deep":         strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1),
	"y i number beyond 64 bits":      `123456789012345678901234567890`,
	"y i more digits than a double":  `0.1000000000000000055511151231257827`,
	"y i exponent that becomes zero": `1e-400`,
	"y i unassigned character":       "\"\U0010fffe\"",
}

// TestJSONCorpus: every document is refused, or becomes the payload byte for byte; none upsets the door.
func TestJSONCorpus(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	for _, kind := range []webhook.PayloadType{webhook.Raw, webhook.Base64} {
		hook := w.put(webhook.Webhook{PayloadType: kind, MaxPayloadLength: webhook.MaxMaxPayloadLength})
		for name, document := range corpus {
			a := w.do("POST", "/hooks/"+hook.token, document, "Content-Type: application/json")
			taken := name[0] == 'y' || kind == webhook.Base64
			if want := map[bool]int{true: 200, false: 400}[taken]; a.StatusCode != want {
				t.Errorf("%s, %s: %d, want %d", name, kind, a.StatusCode, want)
			}
			events := w.taken()
			if len(events) != map[bool]int{true: 1}[taken] {
				t.Errorf("%s, %s: %d events", name, kind, len(events))
				continue
			}
			if !taken {
				continue
			}
			data := events[0].AppendJSON(nil)
			if !json.Valid(data) {
				t.Errorf("%s, %s: the event is no JSON", name, kind)
			}
			if got, ok, err := ingress.Original(data, events[0].Raw); err != nil || !ok || string(got) != document {
				t.Errorf("%s, %s: the body is %q, %v, %v", name, kind, got, ok, err)
			}
			if kind == webhook.Raw && (string(events[0].Payload) != document || events[0].Raw != nil) {
				t.Errorf("%s: the payload is %q and %d bytes are kept beside it", name, events[0].Payload, len(events[0].Raw))
			}
		}
	}
	t.Logf("%d documents", len(corpus))
}

// formPart is one part of a multipart form.
func formPart(disposition, kind, content string) string {
	return "--edge\r\nContent-Disposition: form-data; " + disposition + "\r\nContent-Type: " + kind + "\r\n\r\n" + content + "\r\n"
}

// TestForms: forms become objects, and what came in is kept beside them.
func TestForms(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const encoded, multi = "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=edge"
	content := base64.StdEncoding.EncodeToString([]byte("\x00\xff"))
	upload := formPart(`name="file"; filename="a/b.bin"`, "application/octet-stream", "\x00\xff")
	for name, c := range map[string]struct {
		header, body string
		form         string // "" = refused
		want         string
	}{
		"fields":                {encoded, "a=1&b=x+y&a=2&token=theirs", "form", `{"a":["1","2"],"b":"x y","token":"theirs"}`},
		"charset":               {encoded + "; charset=utf-8", "a=%C3%A9", "form", `{"a":"é"}`},
		"type in other case":    {"Content-Type: APPLICATION/X-WWW-Form-Urlencoded", "a=1", "form", `{"a":"1"}`},
		"broken escape":         {encoded, "a=%z", "", ""},
		"too many fields":       {encoded, strings.Repeat("a&", 1001), "", ""},
		"file and field":        {multi, upload + formPart(`name="note"`, "text/plain", "n") + "--edge--\r\n", "multipart", `{"files":[{"name":"file","filename":"b.bin","contentType":"application/octet-stream","size":2,"content":"` + content + `"}],"fields":{"note":"n"}}`},
		"file under other name": {multi, strings.Replace(upload, `name="file"`, `name="photo"`, 1) + "--edge--\r\n", "multipart", `{"files":[],"fields":{}}`},
		"breaks off":            {multi, upload, "", ""},
		"no boundary":           {"Content-Type: multipart/form-data", upload, "", ""},
		"too many parts":        {multi, strings.Repeat(upload, 65) + "--edge--\r\n", "", ""},
	} {
		hook := w.put(webhook.Webhook{PayloadType: webhook.Raw})
		a := w.do("POST", "/hooks/"+hook.token, c.body, c.header)
		if c.form == "" {
			if rejects := w.refused(); a.StatusCode != 400 || len(w.taken()) != 0 || len(rejects) != 1 || rejects[0].Reason != "payload.form" || rejects[0].Detail == "" {
				t.Errorf("%s: %d, %+v", name, a.StatusCode, rejects)
			}
			continue
		}
		e := one(t, w, name)
		if string(e.Payload) != c.want || e.Headers["x-penstock-payload"] != c.form {
			t.Errorf("%s: payload %s, %s, want %s", name, e.Payload, e.Headers["x-penstock-payload"], c.want)
		}
		if string(e.Raw) != c.body {
			t.Errorf("%s: %q is kept, want %q", name, e.Raw, c.body)
		}
	}
}

// TestFormsForgetTheToken: the token of a webhook that came in its form is no part of the payload.
func TestFormsForgetTheToken(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{PayloadType: webhook.Raw, Schema: webhook.Schema{Document: []byte(`{"type":"object"}`)}})
	for name, c := range map[string]struct{ header, body, want string }{
		"url-encoded": {"Content-Type: application/x-www-form-urlencoded", "a=1&token=" + hook.token, `{"a":"1"}`},
		"uuid":        {"Content-Type: application/x-www-form-urlencoded", "uuid=" + hook.token + "&uuid=" + hook.token, `{}`},
		"multipart":   {"Content-Type: multipart/form-data; boundary=edge", formPart(`name="token"`, "text/plain", hook.token) + "--edge--\r\n", `{"fields":{},"files":[]}`},
	} {
		w.do("POST", "/api/v3/command/webhook.receive", c.body, c.header)
		if e := one(t, w, name); string(e.Payload) != c.want {
			t.Errorf("%s: payload %s, want %s", name, e.Payload, c.want)
		}
	}
}

// TestOutbound: the body is kept beside the event, whose payload is an address under which it can be had
// for a while.
func TestOutbound(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{PublicURL: "https://door.test/in", PayloadTTL: time.Hour, Failures: many})
	hook := w.put(webhook.Webhook{PayloadType: webhook.Outbound})
	body := "<html>\x00\xff"
	w.do("POST", "/hooks/"+hook.token, body, "Content-Type: text/html")
	e := one(t, w, "outbound")
	var payload struct{ Origin string }
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		t.Fatal(err)
	}
	path, ok := strings.CutPrefix(payload.Origin, "https://door.test/in")
	if !ok || string(e.Raw) != body || strings.Contains(string(e.AppendJSON(nil)), "html>") {
		t.Fatalf("payload %s, %d bytes kept", e.Payload, len(e.Raw))
	}
	a := w.do("GET", path, "")
	if a.StatusCode != 200 || a.body != body {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if a := w.do("HEAD", path, ""); a.StatusCode != 200 || a.Header.Get("Content-Length") != "8" {
		t.Errorf("HEAD: %d, %s", a.StatusCode, a.Header.Get("Content-Length"))
	}
	other := w.put(webhook.Webhook{PayloadType: webhook.Raw})
	w.do("POST", "/hooks/"+other.token, `{"origin":"`+payload.Origin+`"}`, "Content-Type: application/json")
	forged := one(t, w, "forged").ID
	key := path[strings.LastIndexByte(path, '/')+1:]
	for name, wrong := range map[string]string{
		"other key":      path[:len(path)-1] + map[bool]string{true: "A", false: "B"}[path[len(path)-1] == 'B'],
		"no key":         strings.TrimSuffix(path, key),
		"empty":          "/api/v3/payload/",
		"unknown event":  "/api/v3/payload/00000000-0000-7000-8000-000000000000/" + key,
		"of other event": "/api/v3/payload/" + forged + "/" + key,
		"longer":         path + "/x",
		"encoded":        strings.Replace(path, "-", "%2d", 1),
	} {
		if a := w.do("GET", wrong, ""); a.StatusCode != 404 || strings.Contains(a.body, "html") {
			t.Errorf("%s: %d %q", name, a.StatusCode, a.body)
		}
	}
	if a := w.do("POST", path, ""); a.StatusCode != 404 {
		t.Errorf("POST: %d", a.StatusCode)
	}
	w.set(func() { w.clock = w.clock.Add(time.Hour + time.Second) })
	if a := w.do("GET", path, ""); a.StatusCode != 404 {
		t.Errorf("after its time: %d", a.StatusCode)
	}
	w.do("POST", "/hooks/"+hook.token, "")
	if e := one(t, w, "nothing"); e.Payload != nil || e.Raw != nil {
		t.Errorf("of no body: %s, %q", e.Payload, e.Raw)
	}
}

// TestStoredSize measures what the bytes of a body cost in an event.
func TestStoredSize(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	js := `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"name":"x","n":1},`, 1000), ",") + `]}`
	for name, c := range map[string]struct {
		kind         webhook.PayloadType
		header, body string
		most         float64 // times the body
	}{
		"JSON, raw":      {webhook.Raw, "application/json", js, 1.1},
		"JSON, base64":   {webhook.Base64, "application/json", js, 1.4},
		"JSON, outbound": {webhook.Outbound, "application/json", js, 1.1},
		"text, raw":      {webhook.Raw, "text/plain", strings.Repeat("x", 20_000), 1.1},
		"form, raw":      {webhook.Raw, "application/x-www-form-urlencoded", strings.Repeat("name=value&", 900), 2.1},
		"multipart, raw": {webhook.Raw, "multipart/form-data; boundary=edge", formPart(`name="file"; filename="a"`, "a/b", strings.Repeat("x", 20_000)) + "--edge--\r\n", 2.5},
	} {
		hook := w.put(webhook.Webhook{PayloadType: c.kind})
		w.do("POST", "/hooks/"+hook.token, c.body, "Content-Type: "+c.header)
		e := one(t, w, name)
		stored := len(e.AppendJSON(nil)) + len(e.Raw)
		ratio := float64(stored) / float64(len(c.body))
		t.Logf("%s: %d bytes are stored as %d, %.2f times", name, len(c.body), stored, ratio)
		if ratio > c.most {
			t.Errorf("%s: %.2f times the body are stored, want %.2f at most", name, ratio, c.most)
		}
		got, ok, err := ingress.Original(e.AppendJSON(nil), e.Raw)
		if diff := cmp.Diff(c.body, string(got)); diff != "" || !ok || err != nil {
			t.Errorf("%s: the body does not come back: %v", name, err)
		}
	}
}

// TestOriginalOfOthers: an event that was made of no body has none.
func TestOriginalOfOthers(t *testing.T) {
	t.Parallel()
	e := event.New("a", time.Now())
	for name, header := range map[string]string{"of a command": "", "of a query": "query", "unknown": "new"} {
		e.Headers, e.Payload = map[string]string{"x-penstock-payload": header}, []byte(`{"a":1}`)
		if got, ok, err := ingress.Original(e.AppendJSON(nil), nil); got != nil || ok || err != nil {
			t.Errorf("%s: %q, %v, %v", name, got, ok, err)
		}
	}
	for name, c := range map[string]struct{ header, payload string }{
		"base64 of a number": {"base64", `{"origin":1}`}, "broken base64": {"base64", `{"origin":"*"}`}, "text of a list": {"text", `[]`},
	} {
		e.Headers, e.Payload = map[string]string{"x-penstock-payload": c.header}, []byte(c.payload)
		if got, ok, err := ingress.Original(e.AppendJSON(nil), nil); ok || err == nil {
			t.Errorf("%s: %q, %v", name, got, fmt.Sprint(err))
		}
	}
}
