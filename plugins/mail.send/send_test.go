package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"

	plugin "github.com/penstock/penstock/sdk/go"
	"github.com/penstock/penstock/sdk/go/plugintest"
)

// submitted is what the host was asked to send.
type submitted struct {
	From       string
	Recipients []string
	Message    []byte
}

// run sends with a host that has a default sender and takes everything.
func run(tb testing.TB, params map[string]any, body any) (plugintest.Result, *submitted) {
	tb.Helper()
	h := plugintest.New(tb, mailSend())
	h.On("mail.defaults", func(json.RawMessage) (any, error) {
		return map[string]string{"from": "pi@company.tld", "fromName": "Penstock"}, nil
	})
	var sent *submitted
	h.On("mail.submit", func(request json.RawMessage) (any, error) {
		sent = &submitted{}
		if err := json.Unmarshal(request, sent); err != nil {
			return nil, err
		}
		return map[string]any{"id": "<1@company.tld>", "accepted": len(sent.Recipients)}, nil
	})
	return h.Run(plugintest.Request{Params: params, Body: body}), sent
}

// parse reads the message with the standard library and fails the test when it is malformed.
func parse(tb testing.TB, raw []byte) *mail.Message {
	tb.Helper()
	text := string(raw)
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") || strings.Count(text, "\r") != strings.Count(text, "\r\n") {
		tb.Fatalf("a line does not end in CRLF:\n%q", text)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 998 {
			tb.Fatalf("a line has %d bytes", len(line))
		}
		if strings.IndexFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c > '~' }) >= 0 {
			tb.Fatalf("a line holds more than printable ASCII: %q", line)
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("reading the message: %v\n%s", err, text)
	}
	return m
}

// leaves gives the decoded parts with their content types, from the first to the last.
func leaves(tb testing.TB, contentType, encoding string, body io.Reader) [][2]string {
	tb.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		tb.Fatalf("content type %q: %v", contentType, err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		if encoding == "quoted-printable" {
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			tb.Fatalf("reading a part: %v", err)
		}
		return [][2]string{{kind, string(text)}}
	}
	var out [][2]string
	r := multipart.NewReader(body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			tb.Fatalf("reading the parts: %v", err)
		}
		out = append(out, leaves(tb, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)...)
	}
}

func TestResultAndDefaults(t *testing.T) {
	t.Parallel()
	got, sent := run(t, map[string]any{"to": "a@company.tld"}, "hello")
	if string(got.Body) != `{"messageId":"\u003c1@company.tld\u003e","accepted":1}` {
		t.Errorf("result %v", got)
	}
	m := parse(t, sent.Message)
	if sent.From != "pi@company.tld" || m.Header.Get("From") != `"Penstock" <pi@company.tld>` {
		t.Errorf("sent from %s, header %s", sent.From, m.Header.Get("From"))
	}
	if date, err := m.Header.Date(); err != nil || date.Year() != 2026 {
		t.Errorf("date %v, %v", date, err)
	}
	if m.Header.Get("Mime-Version") != "1.0" {
		t.Error("MIME-Version is missing")
	}
}

func TestSenderIsNotAskedForWhenGiven(t *testing.T) {
	t.Parallel()
	got, sent := run(t, map[string]any{"to": "a@company.tld", "from": "Sales <sales@company.tld>", "message": "x"}, nil)
	if got.Err != nil || len(got.Calls) != 1 || sent.From != "sales@company.tld" {
		t.Fatalf("%v, calls %v", got, got.Calls)
	}
	if from := parse(t, sent.Message).Header.Get("From"); from != `"Sales" <sales@company.tld>` {
		t.Errorf("from %s", from)
	}
}

func TestMessageID(t *testing.T) {
	t.Parallel()
	id := func(params map[string]any, body any) string {
		_, sent := run(t, params, body)
		return parse(t, sent.Message).Header.Get("Message-Id")
	}
	first := id(map[string]any{"to": "a@company.tld"}, "x")
	if !strings.HasSuffix(first, "@company.tld>") {
		t.Errorf("id %s", first)
	}
	if again := id(map[string]any{"to": "a@company.tld"}, "x"); again != first {
		t.Errorf("a repeat has the id %s after %s", again, first)
	}
	if other := id(map[string]any{"to": "b@company.tld"}, "x"); other == first {
		t.Error("another recipient in a loop has the same id")
	}
	if other := id(map[string]any{"to": "a@company.tld"}, "y"); other == first {
		t.Error("another body has the same id")
	}
}

func TestHostErrorsArePassedOn(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"mail.defaults", "mail.submit"} {
		h := plugintest.New(t, mailSend())
		h.On("mail.defaults", func(json.RawMessage) (any, error) { return map[string]string{"from": "pi@company.tld"}, nil })
		h.On(op, func(json.RawMessage) (any, error) {
			return nil, plugin.Errorf("mail.relay_unavailable", "no answer").Retry(0)
		})
		got := h.Run(plugintest.Request{Params: map[string]any{"to": "a@company.tld"}})
		if got.Code() != "mail.relay_unavailable" || !got.Err.Retryable {
			t.Errorf("%s: %v", op, got)
		}
	}
}

func TestNoDefaultSender(t *testing.T) {
	t.Parallel()
	h := plugintest.New(t, mailSend())
	h.On("mail.defaults", func(json.RawMessage) (any, error) { return map[string]string{}, nil })
	got := h.Run(plugintest.Request{Params: map[string]any{"to": "a@company.tld"}})
	if got.Code() != "mail.invalid" || !strings.Contains(got.Err.Message, `"from"`) {
		t.Errorf("got %v", got)
	}
}

// TestInjection is threat T17 before anything leaves the guest: what a stranger may put into each
// parameter is refused, naming the parameter and not its value, or arrives as plain text.
func TestInjection(t *testing.T) {
	t.Parallel()
	const marker = "mallory@company.tld"
	payloads := map[string]string{
		"CRLF":              "a\r\nBcc: " + marker,
		"CR":                "a\rBcc: " + marker,
		"LF":                "a\nBcc: " + marker,
		"NUL":               "a\x00Bcc: " + marker,
		"escape":            "a\x1b[2JBcc: " + marker,
		"next line":         "a\u0085Bcc: " + marker,
		"line separator":    "a\u2028Bcc: " + marker,
		"encoded word":      "=?utf-8?q?a=0D=0ABcc:_" + marker + "?=",
		"encoded word b":    "=?utf-8?b?YQ0KQmNjOiBtYWxsb3J5QGNvbXBhbnkudGxk?=",
		"10,000 characters": strings.Repeat("x", 10_000),
		"quotes":            `a" <` + marker + `>, "b`,
		"folded":            "a\r\n Bcc: " + marker,
	}
	params := map[string]func(string) map[string]any{
		"to":          func(v string) map[string]any { return map[string]any{"to": v + " <name@company.tld>"} },
		"cc":          func(v string) map[string]any { return map[string]any{"cc": v} },
		"bcc":         func(v string) map[string]any { return map[string]any{"bcc": []string{v}} },
		"from":        func(v string) map[string]any { return map[string]any{"from": v} },
		"fromName":    func(v string) map[string]any { return map[string]any{"fromName": v} },
		"replyTo":     func(v string) map[string]any { return map[string]any{"replyTo": v} },
		"subject":     func(v string) map[string]any { return map[string]any{"subject": v} },
		"message":     func(v string) map[string]any { return map[string]any{"message": v} },
		"html":        func(v string) map[string]any { return map[string]any{"message": "<p>" + v + "</p>"} },
		"headers":     func(v string) map[string]any { return map[string]any{"headers": map[string]string{"X-A": v}} },
		"header name": func(v string) map[string]any { return map[string]any{"headers": map[string]string{v: "x"}} },
		"file name": func(v string) map[string]any {
			return map[string]any{"attachments": []any{map[string]any{"name": v, "content": "x"}}}
		},
		"content type": func(v string) map[string]any {
			return map[string]any{"attachments": []any{map[string]any{"name": "x", "contentType": "text/plain; a=" + v, "content": "x"}}}
		},
		"content": func(v string) map[string]any {
			return map[string]any{"attachments": []any{map[string]any{"name": "x", "content": v}}}
		},
	}
	for where, build := range params {
		for name, payload := range payloads {
			t.Run(where+" "+name, func(t *testing.T) {
				t.Parallel()
				in := build(payload)
				if in["to"] == nil {
					in["to"] = "name@company.tld"
				}
				if in["message"] == nil {
					in["message"] = "x"
				}
				got, sent := run(t, in, nil)
				if got.Err != nil {
					if got.Code() != "mail.invalid" || !strings.Contains(got.Err.Message, `parameter "`) {
						t.Errorf("refused with %v", got.Err)
					}
					if strings.Contains(got.Err.Message, marker) || strings.Contains(got.Err.Message, "xxx") {
						t.Errorf("the refusal quotes the value: %v", got.Err)
					}
					if sent != nil {
						t.Error("a refused mail was submitted")
					}
					return
				}
				checkHarmless(t, sent, in)
			})
		}
	}
}

// checkHarmless re-parses a message and holds it against the envelope.
func checkHarmless(tb testing.TB, sent *submitted, in map[string]any) {
	tb.Helper()
	m := parse(tb, sent.Message)
	var visible []string
	for _, name := range []string{"To", "Cc"} {
		if m.Header.Get(name) == "" {
			continue
		}
		list, err := m.Header.AddressList(name)
		if err != nil {
			tb.Fatalf("field %s: %v", name, err)
		}
		for _, a := range list {
			visible = append(visible, a.Address)
		}
	}
	if in["bcc"] == nil && !slices.Equal(visible, sent.Recipients) {
		tb.Errorf("the header names %v, the envelope %v", visible, sent.Recipients)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Address != sent.From {
		tb.Errorf("from %v (%v), envelope %s", from, err, sent.From)
	}
	known := []string{"From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding", "X-A"}
	for name, lines := range m.Header {
		if !slices.Contains(known, name) || len(lines) != 1 {
			tb.Errorf("the header has the field %s %d times", name, len(lines))
		}
	}
	attachments, _ := in["attachments"].([]any)
	if got := leaves(tb, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body); len(got) > 2+len(attachments) {
		tb.Errorf("the message has %d parts", len(got))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		params map[string]any
		param  string
	}{
		"no address":         {map[string]any{"to": ""}, "to"},
		"not an address":     {map[string]any{"to": "jane"}, "to"},
		"quoted local part":  {map[string]any{"to": `"a b"@company.tld`}, "to"},
		"second at":          {map[string]any{"to": `"a@b"@company.tld`}, "to"},
		"percent route":      {map[string]any{"to": "a%b@company.tld"}, "to"},
		"literal":            {map[string]any{"to": "a@[127.0.0.1]"}, "to"},
		"unicode host":       {map[string]any{"to": "a@bücher.tld"}, "to"},
		"two senders":        {map[string]any{"from": "a@company.tld, b@company.tld"}, "from"},
		"header of the mail": {map[string]any{"headers": map[string]string{"Content-Type": "x"}}, "headers"},
		"doubled header":     {map[string]any{"headers": map[string]string{"X-A": "1", "x-a": "2"}}, "headers"},
		"path as a name":     {map[string]any{"attachments": []any{map[string]any{"name": "../a", "content": "x"}}}, "attachments"},
		"no content":         {map[string]any{"attachments": []any{map[string]any{"name": "a"}}}, "attachments"},
		"two contents":       {map[string]any{"attachments": []any{map[string]any{"name": "a", "content": "x", "contentBase64": "eA=="}}}, "attachments"},
		"not base64":         {map[string]any{"attachments": []any{map[string]any{"name": "a", "contentBase64": "%"}}}, "attachments"},
		"multipart":          {map[string]any{"attachments": []any{map[string]any{"name": "a", "contentType": "multipart/mixed", "content": "x"}}}, "attachments"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.params["to"] == nil {
				test.params["to"] = "name@company.tld"
			}
			got, sent := run(t, test.params, "x")
			if got.Code() != "mail.invalid" || !strings.Contains(got.Err.Message, fmt.Sprintf("%q", test.param)) || sent != nil {
				t.Errorf("got %v, want mail.invalid naming %q", got, test.param)
			}
		})
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		html bool
		text string
	}{
		"paragraph":      {"<p>Hello <b>you</b></p>", true, "Hello you"},
		"nested":         {"<div><div>a</div><div>b</div></div>\n", true, "a\nb"},
		"attributes":     {`<p class="x">a</p>`, true, "a"},
		"document":       {"<!DOCTYPE html><html><head><title>no</title></head><body>yes<script>no()</script></body></html>", true, "yes"},
		"list":           {"<ul><li>a</li><li>b &amp; c</li></ul>", true, "- a\n- b & c"},
		"two elements":   {"<p>a</p><p>b</p>", false, ""},
		"two of a kind":  {"<div>a</div>x<div>b</div>", false, ""},
		"text around":    {"a <p>b</p>", false, ""},
		"XML":            {"<order><id>1</id></order>", false, ""},
		"open":           {"<p>a", false, ""},
		"prefix":         {"<pre>a</p>", false, ""},
		"plain":          {"1 < 2", false, ""},
		"empty":          {"", false, ""},
		"only a bracket": {"<", false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := isOneElement(test.in); got != test.html {
				t.Fatalf("isOneElement(%q) is %t", test.in, got)
			}
			if !test.html {
				return
			}
			if got := textOfHTML(test.in); got != test.text {
				t.Errorf("text of %q is %q, want %q", test.in, got, test.text)
			}
			_, sent := run(t, map[string]any{"to": "a@company.tld", "message": test.in}, nil)
			m := parse(t, sent.Message)
			got := leaves(t, m.Header.Get("Content-Type"), "", m.Body)
			if len(got) != 2 || got[0][0] != "text/plain" || got[1][0] != "text/html" || strings.ReplaceAll(got[1][1], "\r\n", "\n") != test.in {
				t.Errorf("parts %q", got)
			}
		})
	}
}

func FuzzMailBuild(f *testing.F) {
	f.Add("name@company.tld", "", "Jane", "subject", "message", "X-A", "v", "a.txt", "text/plain", "content")
	f.Add(`"Doe, Jane" <j@company.tld>`, "a@b.c, d@e.f", "=?utf-8?q?x?=", "ünï", "<p>a</p>", "x-b", "=?a", "ä.bin", "a/b; c=d", "--=_0")
	f.Add("a@b\r\n", "b@c\u2028", "\x00", strings.Repeat("x", 3000), "\n.\r\n", "Bcc", "x", "a\"b", "text/plain;\r\nx=y", ".")
	f.Fuzz(func(t *testing.T, to, cc, name, subject, message, header, text, file, contentType, content string) {
		in := map[string]any{
			"to": to, "cc": cc, "fromName": name, "subject": subject, "message": message,
			"headers":     map[string]string{header: text},
			"attachments": []any{map[string]any{"name": file, "contentType": contentType, "content": content}},
		}
		got, sent := run(t, in, nil)
		if got.Err != nil {
			if got.Code() != "mail.invalid" {
				t.Fatalf("refused with %v", got.Err)
			}
			return
		}
		m := parse(t, sent.Message)
		fields := map[string]bool{mailHeaderName(header): true}
		for _, n := range []string{"From", "To", "Cc", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type"} {
			fields[n] = true
		}
		for n := range m.Header {
			if !fields[n] {
				t.Errorf("the header has the field %s", n)
			}
		}
		var visible []string
		for _, n := range []string{"To", "Cc"} {
			list, err := m.Header.AddressList(n)
			if err != nil && m.Header.Get(n) != "" {
				t.Fatalf("field %s: %v", n, err)
			}
			for _, a := range list {
				visible = append(visible, a.Address)
			}
		}
		if !slices.Equal(visible, sent.Recipients) {
			t.Errorf("the header names %v, the envelope %v", visible, sent.Recipients)
		}
		if n := len(leaves(t, m.Header.Get("Content-Type"), "", m.Body)); n != 2 && n != 3 {
			t.Errorf("the message has %d parts", n)
		}
	})
}

// mailHeaderName gives the name as the parser of the standard library writes it.
func mailHeaderName(s string) string {
	m, err := mail.ReadMessage(strings.NewReader(s + ": x\r\n\r\n"))
	if err != nil {
		return ""
	}
	for name := range m.Header {
		return name
	}
	return ""
}

func FuzzMailAddress(f *testing.F) {
	for _, s := range []string{"a@b.c", `"x" <a@b.c>, d@e.f`, "g: a@b, c@d;", "a@b (comment)", "=?utf-8?q?a=0a?= <a@b>", "<@x:a@b>", `"a\"b" <c@d>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := readMailboxes("to", plugin.TextList{s})
		if err != nil || len(list) == 0 {
			return
		}
		line := mailboxes("To", list)
		m, err := mail.ReadMessage(strings.NewReader(line + "\r\n"))
		if err != nil || len(m.Header) != 1 {
			t.Fatalf("the line %q: %v, %d fields", line, err, len(m.Header))
		}
		again, err := m.Header.AddressList("To")
		if err != nil || len(again) != len(list) {
			t.Fatalf("the line %q: %v, %d addresses of %d", line, err, len(again), len(list))
		}
		for i, a := range again {
			if a.Address != list[i].address || a.Name != list[i].name {
				t.Errorf("mailbox %q <%s> came back as %q <%s>", list[i].name, list[i].address, a.Name, a.Address)
			}
		}
	})
}

func BenchmarkSend(b *testing.B) {
	b.ReportAllocs()
	h := plugintest.New(b, mailSend())
	h.On("mail.submit", func(json.RawMessage) (any, error) { return map[string]any{"id": "<1@x>", "accepted": 1}, nil })
	params := map[string]any{"to": "a@company.tld", "from": "b@company.tld", "subject": "hello", "message": strings.Repeat("hello, world\n", 80)}
	for b.Loop() {
		if got := h.Run(plugintest.Request{Params: params}); got.Err != nil {
			b.Fatal(got.Err)
		}
	}
}
