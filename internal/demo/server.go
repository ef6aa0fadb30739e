package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a `pi serve` process and what is needed to talk to it.
type server struct {
	pi, config, dir, log string
	settings, env        []string
	address              address
	process              *exec.Cmd
}

// address is the file that a server leaves in its data directory.
type address struct {
	Admin  string `json:"url"`
	Public string `json:"public"`
	Token  string `json:"token"`
}

func newSecret() string {
	var b [24]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (s *server) args(words ...string) []string {
	args := append(words, "--config", s.config)
	for _, set := range s.settings {
		args = append(args, "--set", set)
	}
	return args
}

// start runs `pi serve` and waits until it is healthy.
func (s *server) start(ctx context.Context) error {
	file := filepath.Join(s.dir, "data", "admin.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command(s.pi, s.args("serve")...) // not bound to ctx: with -keep it outlives the limit, and stop ends it
	s.process.Env, s.process.Stdout, s.process.Stderr = s.env, log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	for {
		if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &s.address) == nil {
			if answer, err := get(ctx, s.address.Admin+"/api/v3/health"); err == nil && answer.status == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// keepAddresses makes the next start listen where this one does.
func (s *server) keepAddresses() {
	s.settings = append(s.settings, "ingress.address="+strings.TrimPrefix(s.address.Public, "http://"),
		"admin.address="+strings.TrimPrefix(s.address.Admin, "http://"))
}

// kill ends the process as a crash would.
func (s *server) kill() error {
	if err := s.process.Process.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	_ = s.process.Wait() // "signal: killed"
	s.process = nil
	return nil
}

// stop asks the process to end and waits for it.
func (s *server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	s.process = nil
}

// tail gives the end of the server's log as an error, for a failed demo.
func (s *server) tail() error {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("the end of the server's log:\n%s", strings.Join(lines[max(0, len(lines)-15):], "\n"))
}

// run executes pi with the server's settings, shows the command as a person would type it, and gives its output.
func (s *server) run(ctx context.Context, words ...string) (string, error) {
	say("\n$ pi %s", strings.Join(words, " "))
	c := exec.CommandContext(ctx, s.pi, s.args(words...)...)
	c.Env = s.env
	out, err := c.CombinedOutput()
	say("%s", indent(string(out)))
	if err != nil {
		return "", fmt.Errorf("pi %s: %w", words[0], err)
	}
	return string(out), nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
