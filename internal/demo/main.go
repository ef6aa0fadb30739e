// Command demo shows the main job from outside, as `make demo`: it starts the built server on a fresh
// data directory and free ports beside a local SMTP server, creates a webhook, posts GitHub's push
// payload signed with the secret, and shows what became of it. Then it kills the server with -9 in the
// middle of 2,000 posts, starts it again, and accounts for every acknowledged event. It ends by itself
// and leaves nothing behind; with -keep the server goes on and the demo prints what to try.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
)

func main() {
	keep := flag.Bool("keep", false, "leave the server running and print what to try")
	posts := flag.Int("posts", 2000, "posts of the crash part")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	limited, cancel := context.WithTimeout(ctx, 110*time.Second)
	defer cancel()
	if err := demo(ctx, limited, *keep, *posts); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(forever, ctx context.Context, keep bool, posts int) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "penstock-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mails, err := smtpsink.Open(smtpsink.Options{})
	if err != nil {
		return err
	}
	defer mails.Close()
	smtpHost, smtpPort := mails.HostPort()
	s := &server{
		pi: filepath.Join(root, "bin", "pi"), dir: dir, log: filepath.Join(dir, "server.log"),
		config: filepath.Join(root, "examples", "github-push-to-mail", "config.yaml"),
		env:    append(os.Environ(), "GITHUB_WEBHOOK_SECRET="+newSecret()),
		settings: []string{
			"store.dir=" + filepath.Join(dir, "data"), "plugins.dir=" + filepath.Join(root, "bin", "plugins"),
			"pipelines.dir=" + filepath.Join(root, "examples", "github-push-to-mail", "pipelines"),
			"plugins.cache=" + filepath.Join(root, "bin", "cache"),
			"ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0",
			"smtp.host=" + smtpHost, fmt.Sprintf("smtp.port=%d", smtpPort), "smtp.tls=none",
		},
	}
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := story(ctx, s, mails); err != nil {
		return errors.Join(err, s.tail())
	}
	if err := crash(ctx, s, mails, posts); err != nil {
		return errors.Join(err, s.tail())
	}
	if keep {
		return linger(forever, s, mails)
	}
	return nil
}

// linger keeps everything running until the demo is interrupted.
func linger(ctx context.Context, s *server, mails *smtpsink.Sink) error {
	say("The server keeps running. Try, in another terminal (interrupt this one to end it):")
	say("  export PI_ADMIN__URL=%s PI_ADMIN__TOKEN=%s", s.address.Admin, s.address.Token)
	for _, line := range []string{
		"bin/pi events", "bin/pi runs", "bin/pi webhook rejects", "bin/pi command webhook.get",
		"bin/pi command webhook.put eventKey=webhook.github.push payloadType=raw",
		"bin/pi lint examples/github-push-to-mail/pipelines", "bin/pi plugin inspect bin/plugins/mail.send.wasm",
	} {
		say("  %s", line)
	}
	<-ctx.Done()
	say("%d mails were received.", len(mails.Mails()))
	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
