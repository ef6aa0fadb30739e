package main

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
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-playground/webhooks/v6/github" // pins the module whose test data githubPush reads

	"github.com/penstock/penstock/internal/testkit/smtpsink"
)

type answer struct {
	status int
	header http.Header
	body   []byte
}

func get(ctx context.Context, url string) (answer, error) {
	return send(ctx, http.MethodGet, url, nil, nil)
}

func send(ctx context.Context, method, url string, body []byte, header map[string]string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, v := range header {
		req.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return answer{res.StatusCode, res.Header, text}, err
}

// githubPush reads GitHub's push payload from the test data of a module that publishes it.
func githubPush(ctx context.Context) ([]byte, error) {
	const module = "github.com/go-playground/webhooks/v6"
	if out, err := exec.CommandContext(ctx, "go", "mod", "download", module).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("downloading %s: %w: %s", module, err, out)
	}
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", module, err)
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "github", "push.json"))
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (s *server) secret() string {
	for _, line := range s.env {
		if v, ok := strings.CutPrefix(line, "GITHUB_WEBHOOK_SECRET="); ok {
			return v
		}
	}
	return ""
}

// story is one signed webhook from the post to the mail and the polled result, and one forgery.
func story(ctx context.Context, s *server, mails *smtpsink.Sink) error {
	out, err := s.run(ctx, "command", "webhook.put", "eventKey=webhook.github.push", "payloadType=raw",
		"preset=github", "secret=env:GITHUB_WEBHOOK_SECRET")
	if err != nil {
		return err
	}
	url, err := field(out, "webhookUrl")
	if err != nil {
		return err
	}
	push, err := githubPush(ctx)
	if err != nil {
		return err
	}
	header := map[string]string{
		"Content-Type": "application/json", "X-GitHub-Event": "push",
		"X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "X-Hub-Signature-256": sign(s.secret(), push),
	}
	say("\nPOST %d bytes of GitHub's push payload, signed", len(push))
	got, err := send(ctx, http.MethodPost, url, push, header)
	if err != nil {
		return err
	}
	say("  %d %s", got.status, got.body)
	if got.status != http.StatusOK {
		return fmt.Errorf("the webhook answered %d", got.status)
	}
	id := got.header.Get("pipeforce-result-correlationid")

	say("\nGET /api/v3/result?correlationId=%s (redirects until it is ready)", id)
	result, err := poll(ctx, s.address.Public+"/api/v3/result?correlationId="+id)
	if err != nil {
		return err
	}
	say("  %d %s", result.status, result.body)
	if !bytes.Contains(result.body, []byte("mailed the push to")) {
		return errors.New("the result is not the pipeline's body")
	}
	received := mails.Mails()
	if len(received) != 1 {
		return fmt.Errorf("%d mails were received, want 1", len(received))
	}
	say("\nThe mail as the SMTP server received it, from <%s> to %v:", received[0].From, received[0].Recipients)
	say("%s", indent(string(received[0].Data)))
	for _, words := range [][]string{{"events"}, {"runs", id, "-o", "yaml"}} {
		if _, err := s.run(ctx, words...); err != nil {
			return err
		}
	}

	say("\nPOST a forgery: the same payload, signed with another secret")
	header["X-Hub-Signature-256"] = sign("guessed", push)
	forged, err := send(ctx, http.MethodPost, url, push, header)
	if err != nil {
		return err
	}
	say("  %d %s", forged.status, forged.body)
	if forged.status != http.StatusUnauthorized {
		return errors.New("a forgery was not refused")
	}
	say("\nPOST the first delivery again: a duplicate is answered and not run again")
	header["X-Hub-Signature-256"] = sign(s.secret(), push)
	again, err := send(ctx, http.MethodPost, url, push, header)
	if err != nil {
		return err
	}
	say("  %d %s", again.status, again.body)
	if again.header.Get("pipeforce-result-correlationid") != id {
		return errors.New("a duplicate made a second event")
	}
	_, err = s.run(ctx, "webhook", "rejects")
	return err
}

// poll follows the redirects of the result endpoint until there is a result.
func poll(ctx context.Context, url string) (answer, error) {
	for {
		got, err := get(ctx, url)
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		// net/http gives up after ten redirects; a poller goes on.
		time.Sleep(100 * time.Millisecond)
	}
}

// field finds a value in the YAML or JSON that pi prints.
func field(text, name string) (string, error) {
	for line := range strings.SplitSeq(text, "\n") {
		key, v, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.Trim(key, `"`) != name {
			continue
		}
		v = strings.TrimSuffix(strings.TrimSpace(v), ",")
		var quoted string
		if json.Unmarshal([]byte(v), &quoted) == nil {
			return quoted, nil
		}
		return strings.Trim(v, `'"`), nil
	}
	return "", fmt.Errorf("the output has no field %q", name)
}
