package cli_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/penstock/penstock/internal/cli"
	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/internal/testkit/smtpsink"
)

// patience bounds every wait for something that a healthy program does at once.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pi": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			os.Exit(cli.Main(ctx, cli.Process("v1.2.3")))
		},
	})
}

// TestScripts runs testdata/script: the real program, the real server, the real disk. Beside the
// commands of testscript there are
//
//	ready                   waits for `exec pi serve ... &serve&` and sets PUBLIC, ADMIN and TOKEN
//	post URL FILE [SECRET]  posts a file, signed as GitHub does when a secret is given; sets STATUS and CORRELATION
//	poll ID                 polls for a result; sets STATUS and writes the body to the file result
//	mailbox start|NUMBER    starts an SMTP server and sets MAIL_PORT; waits for exactly so many mails, written to mail.txt
//	guest FILE [PLUGIN]     writes a plugin that is not packed, with one command of its name; echo is the default, and
//	                        mailer submits a fixed mail to jane@example.org
//	shows REGEXP ARG ...    runs pi until its output matches
//	status REGEXP           waits until the server's status matches
//	field NAME FILE FIELD   sets a variable to a field of a JSON file, wherever it stands
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PI_INGRESS__ADDRESS", "127.0.0.1:0")
			e.Setenv("PI_ADMIN__ADDRESS", "127.0.0.1:0")
			e.Setenv("PI_ENGINE__POLL", "20ms")
			e.Values["mail"] = new(*smtpsink.Sink)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "post": post, "poll": poll, "mailbox": mailbox, "guest": writeGuest, "field": setField,
			"shows": shows, "status": status,
		},
	})
}

func shows(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 20)
	wanted := regexp.MustCompile("(?m)" + args[0])
	until(ts, "pi to show "+args[0], func() bool {
		return ts.Exec("pi", args[1:]...) == nil && wanted.MatchString(ts.ReadFile("stdout"))
	})
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 1)
	wanted := regexp.MustCompile(args[0])
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, ts.Getenv("ADMIN")+"/api/v3/status", nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
	until(ts, "a status with "+args[0], func() bool {
		res, err := http.DefaultClient.Do(req)
		ts.Check(err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		ts.Check(err)
		return wanted.Match(text)
	})
}

func arguments(ts *testscript.TestScript, neg bool, args []string, least, most int) {
	if neg || len(args) < least || len(args) > most {
		ts.Fatalf("wrong use of a script command: see TestScripts")
	}
}

func ready(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 0, 0)
	var left struct{ URL, Public, Token string }
	until(ts, "the server to be ready", func() bool {
		text, err := os.ReadFile(ts.MkAbs("data/admin.json"))
		return err == nil && json.Unmarshal(text, &left) == nil
	})
	ts.Setenv("PUBLIC", left.Public)
	ts.Setenv("ADMIN", left.URL)
	ts.Setenv("TOKEN", left.Token)
}

func until(ts *testscript.TestScript, what string, ok func() bool) {
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited too long for %s", what)
		}
	}
}

func post(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 3)
	body := ts.ReadFile(args[1])
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, args[0], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if len(args) == 3 {
		mac := hmac.New(sha256.New, []byte(args[2]))
		mac.Write([]byte(body))
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		req.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
		req.Header.Set("X-GitHub-Event", "push")
	}
	_, header := send(ts, req)
	ts.Setenv("CORRELATION", header.Get("pipeforce-result-correlationid"))
}

// send does the request, sets STATUS and writes the body to the file result.
func send(ts *testscript.TestScript, req *http.Request) (int, http.Header) {
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("result"), body, 0o600))
	ts.Setenv("STATUS", strconv.Itoa(res.StatusCode))
	ts.Logf("%s: %d %s", req.URL.Path, res.StatusCode, body)
	return res.StatusCode, res.Header
}

func poll(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 1)
	url := ts.Getenv("PUBLIC") + "/api/v3/result?correlationId=" + args[0]
	until(ts, "a result", func() bool {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		ts.Check(err)
		status, _ := send(ts, req)
		return status != http.StatusFound
	})
}

func mailbox(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 1)
	sink, ok := ts.Value("mail").(**smtpsink.Sink)
	if !ok {
		ts.Fatalf("the mailbox is gone")
	}
	if args[0] == "start" {
		var err error
		*sink, err = smtpsink.Open(smtpsink.Options{})
		ts.Check(err)
		ts.Defer(func() { _ = (*sink).Close() })
		_, port := (*sink).HostPort()
		ts.Setenv("MAIL_PORT", strconv.Itoa(port))
		return
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	mails, err := (*sink).Wait(ctx, n)
	ts.Check(err)
	if len(mails) != n {
		ts.Fatalf("%d mails arrived, not %d", len(mails), n)
	}
	var text bytes.Buffer
	for _, m := range mails {
		fmt.Fprintf(&text, "from %s to %s\n%s\n", m.From, strings.Join(m.Recipients, " "), bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")))
	}
	ts.Check(os.WriteFile(ts.MkAbs("mail.txt"), text.Bytes(), 0o600))
}

func writeGuest(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 2)
	name := "echo"
	if len(args) == 2 {
		name = args[1]
	}
	b := guest.ABI(guest.Manifest(name, map[string]any{"capabilities": []string{"mail"}}))
	var code []byte
	if name == "mailer" {
		const message = "From: pi@example.org\r\nTo: jane@example.org\r\nSubject: A boat\r\nDate: Sat, 31 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nJane wants one\r\n"
		request, err := json.Marshal(map[string]any{"from": "pi@example.org", "recipients": []string{"jane@example.org"}, "message": []byte(message)})
		ts.Check(err)
		drop := guest.Op(0x1a)
		code = slices.Concat(b.Text(0, "mail.submit"), b.Text(64, string(request)), guest.Call(guest.CallHost), drop)
	}
	code = slices.Concat(code, b.Text(4096, `"hello from the guest"`), guest.Call(guest.Output))
	b.Run(code, guest.Const(0))
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o700))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func setField(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3)
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &v))
	text, err := find(v, args[2])
	ts.Check(err)
	ts.Setenv(args[0], text)
}

// find gives the first field of that name, depth first.
func find(v any, name string) (string, error) {
	switch v := v.(type) {
	case map[string]any:
		if found, ok := v[name]; ok {
			return fmt.Sprint(found), nil
		}
		for _, item := range v {
			if text, err := find(item, name); err == nil {
				return text, nil
			}
		}
	case []any:
		for _, item := range v {
			if text, err := find(item, name); err == nil {
				return text, nil
			}
		}
	}
	return "", errors.New("there is no field " + name)
}
