package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

const header = "From: " + sender + "\r\nTo: " + recipient + "\r\n\r\n"

// TestSmuggling is threat T18: whatever stands in a message, the server sees one.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	const second = "MAIL FROM:<evil@company.tld>\r\nRCPT TO:<name@company.tld>\r\nDATA\r\nFrom: evil@company.tld\r\n\r\nsmuggled\r\n.\r\n"
	for name, end := range map[string]string{
		"LF . LF": "\n.\n", "LF . CRLF": "\n.\r\n", "CR . CR": "\r.\r", "CRLF . LF": "\r\n.\n", "CRLF . CR": "\r\n.\r",
		"CR . CRLF": "\r.\r\n", "LF . CR": "\n.\r", "CRLF . CRLF": "\r\n.\r\n", "CR LF . CR CR LF": "\r\n.\r\r\n",
		"CR . LF": "\r.\n", "CR CR LF . CRLF": "\r\r\n.\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t, smtpsink.Options{})
			p := open(t, sink, mail.Options{}, nil)
			if _, err := submit(t.Context(), p, request{sender, []string{recipient}, []byte(header + "first" + end + second)}); err != nil {
				t.Fatal(err)
			}
			if _, err := submit(t.Context(), p, fine()); err != nil { // the dialogue is still in step
				t.Fatal(err)
			}
			got := sink.Mails()
			if len(got) != 2 || got[0].From != sender || got[1].From != sender {
				t.Fatalf("%d mails arrived, want the two that were sent", len(got))
			}
			if !bytes.Contains(got[0].Data, []byte("smuggled")) {
				t.Error("the text behind the dot is not part of the message")
			}
			if sink.Connections() != 1 {
				t.Errorf("%d connections", sink.Connections())
			}
		})
	}
}

// TestBytesOnTheWire looks at what leaves, since a lenient server may hide what a strict one would not.
func TestBytesOnTheWire(t *testing.T) {
	t.Parallel()
	wire := make(chan []byte, 1)
	host, port := rawRelay(t, func(c net.Conn, r *bufio.Reader) {
		for _, reply := range []string{"250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"} {
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
			io.WriteString(c, reply)
		}
		var got []byte
		for !bytes.HasSuffix(got, []byte("\r\n.\r\n")) {
			b, err := r.ReadByte()
			if err != nil {
				break
			}
			got = append(got, b)
		}
		io.WriteString(c, "250 taken\r\n")
		wire <- got
		_, _ = io.Copy(io.Discard, r)
	})
	p := open(t, nil, mail.Options{Host: host, Port: port}, nil)
	const body = "a\n.\nb\r.\rc\r\n.\r\nd\r\n..e\n\rf"
	if _, err := submit(t.Context(), p, request{sender, []string{recipient}, []byte(header + body)}); err != nil {
		t.Fatal(err)
	}
	const want = header + "a\r\n..\r\nb\r\n..\r\nc\r\n..\r\nd\r\n...e\r\n\r\nf\r\n.\r\n"
	if got := string(<-wire); got != want {
		t.Errorf("on the wire:\n%q\nwant:\n%q", got, want)
	}
}

// rawRelay is a server that is told each byte it says.
func rawRelay(t *testing.T, serve func(net.Conn, *bufio.Reader)) (string, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, "220 raw.test\r\n")
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	a := l.Addr().(*net.TCPAddr)
	return a.IP.String(), a.Port
}

func TestMessagesRefused(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	p := open(t, sink, mail.Options{}, map[string]any{"recipients": "*", "maxBytes": 20_000})
	tests := map[string]struct {
		message string
		code    fault.Code
	}{
		"empty":                    {"", fault.MailInvalid},
		"no header":                {"\r\nhello", fault.MailInvalid},
		"no From":                  {"To: a@b.c\r\n\r\nx", fault.MailInvalid},
		"another From":             {"From: ceo@company.tld\r\n\r\nx", fault.MailSender},
		"two mailboxes in From":    {"From: pi@company.tld, ceo@company.tld\r\n\r\nx", fault.MailInvalid},
		"two Froms":                {"From: pi@company.tld\r\nFrom: ceo@company.tld\r\n\r\nx", fault.MailInvalid},
		"two Froms by LF":          {"From: pi@company.tld\nfrom: ceo@company.tld\n\nx", fault.MailInvalid},
		"two Froms by CR":          {"From: pi@company.tld\rFROM: ceo@company.tld\r\n\r\nx", fault.MailInvalid},
		"From with a space":        {"From: pi@company.tld\r\nFrom : ceo@company.tld\r\n\r\nx", fault.MailInvalid},
		"From behind a fold":       {"Subject: x\r\n \r\nFrom: ceo@company.tld\r\n\r\nx", fault.MailSender},
		"other Sender":             {"From: pi@company.tld\r\nSender: ceo@company.tld\r\n\r\nx", fault.MailSender},
		"Bcc":                      {"From: pi@company.tld\r\nBcc: a@b.c\r\n\r\nx", fault.MailInvalid},
		"Bcc by NEL":               {"From: pi@company.tld\r\nSubject: a\u0085Bcc: a@b.c\r\n\r\nx", fault.MailInvalid},
		"Resent-To":                {"From: pi@company.tld\r\nResent-To: a@b.c\r\n\r\nx", fault.MailInvalid},
		"NUL":                      {header + "a\x00b", fault.MailInvalid},
		"line of 10,000 bytes":     {header + strings.Repeat("x", 10_000), fault.MailInvalid},
		"header of 10,000 bytes":   {"Subject: " + strings.Repeat("x", 10_000) + "\r\n" + header, fault.MailInvalid},
		"first line is folded":     {" From: pi@company.tld\r\n" + header, fault.MailInvalid},
		"line without a colon":     {"hello\r\n" + header, fault.MailInvalid},
		"more bytes than granted":  {header + strings.Repeat("line\r\n", 5_000), fault.MailInvalid},
		"encoded word in the name": {"From: =?utf-8?q?a=0D=0A?= <ceo@company.tld>\r\n\r\nx", fault.MailSender},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := submit(t.Context(), p, request{sender, []string{recipient}, []byte(test.message)})
			wantFault(t, err, test.code, false)
			if err != nil {
				lacks(t, err.Error(), "ceo", "a@b.c", "xxx")
			}
		})
	}
	t.Cleanup(func() {
		if n := len(sink.Mails()); n != 0 {
			t.Errorf("%d mails arrived, want none", n)
		}
	})
}

func TestRequestsRefused(t *testing.T) {
	t.Parallel()
	p := open(t, nil, mail.Options{Host: "127.0.0.1", Port: 1}, nil)
	for name, text := range map[string]string{
		"no JSON":        "x",
		"list":           "[]",
		"unknown field":  `{"form":"a@b.c"}`,
		"not base64":     `{"from":"a@b.c","recipients":["a@b.c"],"message":"%%"}`,
		"trailing data":  `{} {}`,
		"wrong type":     `{"from":1}`,
		"nested too far": strings.Repeat(`[`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := p.Call(t.Context(), "mail.submit", []byte(text))
			wantFault(t, err, fault.MailInvalid, false)
		})
	}
}

func FuzzMessage(f *testing.F) {
	host, port := "127.0.0.1", 25
	sent := make(chan []byte, 1)
	m, err := mail.New(mail.Options{Host: host, Port: port, TLS: mail.NoTLS, From: sender, Connections: 1, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go relayOnPipe(server, sent)
		return client, nil
	}})
	if err != nil {
		f.Fatal(err)
	}
	p, err := m.Grant(map[string]any{"recipients": "*"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("\n.\r\nx"), "X-A", "b")
	f.Add([]byte("\r.\r"), "Bcc", "b")
	f.Add([]byte("."), "X-A", "b\r\n\r\n.")
	f.Fuzz(func(t *testing.T, body []byte, name, text string) {
		_, err := submit(t.Context(), p, request{sender, []string{recipient}, append([]byte("From: "+sender+"\r\n"+name+": "+text+"\r\n\r\n"), body...)})
		if err != nil {
			if code := fault.CodeOf(err); code != fault.MailInvalid && code != fault.MailSender {
				t.Fatal(err)
			}
			return
		}
		got := string(<-sent)
		if n := strings.Count(got, "\r\n"); n != strings.Count(got, "\n") || n != strings.Count(got, "\r") {
			t.Errorf("a line does not end in CRLF: %q", got)
		}
		if strings.Contains(got[:len(got)-5], "\r\n.\r\n") || !strings.HasSuffix(got, "\r\n.\r\n") {
			t.Errorf("the message ends before its end: %q", got)
		}
		r, err := textproto.NewReader(bufio.NewReader(strings.NewReader(got))).ReadMIMEHeader()
		if err == nil && (len(r["From"]) != 1 || len(r["Bcc"]) != 0) {
			t.Errorf("header %v", r)
		}
	})
}

// relayOnPipe speaks just enough SMTP and hands over what follows DATA, to the end of the dialogue's dot.
func relayOnPipe(c net.Conn, sent chan<- []byte) {
	defer c.Close()
	r := bufio.NewReader(c)
	io.WriteString(c, "220 pipe\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if !strings.HasPrefix(line, "DATA") {
			io.WriteString(c, "250 ok\r\n")
			continue
		}
		io.WriteString(c, "354 go\r\n")
		var got []byte
		for !bytes.HasSuffix(got, []byte("\r\n.\r\n")) {
			b, err := r.ReadByte()
			if err != nil {
				return
			}
			got = append(got, b)
		}
		sent <- got
		io.WriteString(c, "250 taken\r\n")
	}
}
