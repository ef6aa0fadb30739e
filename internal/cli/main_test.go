package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/cli"
)

// outcome is what one invocation did.
type outcome struct {
	code           int
	stdout, stderr string
}

// pi runs one invocation in this process, in dir.
func pi(t *testing.T, dir string, environ []string, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), cli.State{
		Args: args, Environ: environ, Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Dir: dir, Version: "v1.2.3", Now: time.Now,
	})
	return outcome{code, stdout.String(), stderr.String()}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unreachable is an address on which nobody listens: the test's own, closed again.
func unreachable(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "good.pi.yaml", "pipeline:\n  - body.set: hello\n")
	write(t, dir, "bad.pi.yaml", "pipeline:\n  - logg: x\n")
	write(t, dir, "event.json", `{"payload": 1}`)
	write(t, dir, "not.wasm", "text")
	write(t, dir, "broken.yaml", "store: {dirr: x}\n")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	nobody := unreachable(t)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>kanari</html>")
	}))
	t.Cleanup(foreign.Close)

	for name, c := range map[string]struct {
		args    []string
		environ []string
		stdin   string
		code    int
		want    string
	}{
		"unknown command":       {args: []string{"serv"}, code: 2, want: "error: unknown command \"pi serv\"\nhint: did you mean \"pi serve\"?\ncode: cli.usage\n"},
		"nothing like it":       {args: []string{"xyzzy"}, code: 2, want: "error: unknown command \"pi xyzzy\"\nhint: see `pi --help`\ncode: cli.usage\n"},
		"unknown subcommand":    {args: []string{"webhook", "verfy"}, code: 2, want: "error: unknown command \"pi webhook verfy\"\nhint: did you mean \"pi webhook verify\"?\ncode: cli.usage\n"},
		"unknown flag":          {args: []string{"serve", "--confg", "x"}, code: 2, want: "error: unknown flag \"--confg\"\nhint: did you mean \"--config\"?\ncode: cli.usage\n"},
		"unknown short flag":    {args: []string{"version", "-z"}, code: 2, want: "error: unknown flag \"-z\"\nhint: see `pi version --help`\ncode: cli.usage\n"},
		"flag without value":    {args: []string{"version", "--set"}, code: 2, want: "error: the flag \"--set\" needs a value\nhint: see `pi version --help`\ncode: cli.usage\n"},
		"unknown form":          {args: []string{"version", "-o", "jsn"}, code: 2, want: "error: the flag \"--output\" has to be yaml, json or plain\nhint: did you mean \"json\"?\ncode: cli.usage\n"},
		"unknown form, switch":  {args: []string{"version", "-o:jsn"}, code: 2, want: "error: the flag \"--output\" has to be yaml, json or plain\nhint: did you mean \"json\"?\ncode: cli.usage\n"},
		"serve: argument":       {args: []string{"serve", "now"}, code: 2, want: "error: there is one argument too many: \"now\"\nhint: usage: pi serve [flags]\ncode: cli.usage\n"},
		"serve: no config file": {args: []string{"serve", "--config", "nope.yaml"}, code: 3, want: "error: nope.yaml: reading the configuration: no such file or directory\nhint: check path and permissions\ncode: config.read\n"},
		"serve: PI_CONFIG":      {args: []string{"serve"}, environ: []string{"PI_CONFIG=nope.yaml"}, code: 3, want: "error: nope.yaml: reading the configuration: no such file or directory\nhint: check path and permissions\ncode: config.read\n"},
		"serve: unknown key":    {args: []string{"serve", "--config", "broken.yaml"}, code: 2, want: "error: broken.yaml:1: unknown key \"store.dirr\"\nhint: did you mean \"store.dir\"?\ncode: config.unknown_key\n"},
		"serve: open admin":     {args: []string{"serve", "--set", "admin.address=0.0.0.0:0"}, code: 2, want: "error: admin.address: other machines would reach the admin API, and no token is set\nhint: set admin.token (PI_ADMIN__TOKEN), or listen on 127.0.0.1\ncode: config.value\n"},
		"serve: token unset":    {args: []string{"serve", "--set", "admin.token=env:NOPE"}, code: 2, want: "error: admin.token: reading the token: environment variable \"NOPE\" is not set\nhint: set it, or take the reference out\ncode: config.env_unset\n"},
		"command: no name":      {args: []string{"command"}, code: 2, want: "error: NAME is missing\nhint: usage: pi command NAME [KEY=VALUE ...] [flags]\ncode: cli.usage\n"},
		"command: not k=v":      {args: []string{"command", "webhook.put", "eventKey"}, code: 2, want: "error: a parameter has to be NAME=VALUE\nhint: see the command's --help\ncode: cli.usage\n"},
		"command: k:v":          {args: []string{"command", "webhook.put", "eventKey:a.b"}, code: 2, want: "error: a parameter has to be NAME=VALUE\nhint: write eventKey=... with an equals sign\ncode: cli.usage\n"},
		"command: =v":           {args: []string{"command", "webhook.put", "=kanari"}, code: 2, want: "error: a parameter has to be NAME=VALUE\nhint: see the command's --help\ncode: cli.usage\n"},
		"command: twice":        {args: []string{"command", "webhook.put", "a=kanari", "a=2"}, code: 2, want: "error: the parameter \"a\" is given twice\nhint: see the command's --help\ncode: cli.usage\n"},
		"command: no server":    {args: []string{"command", "webhook.get"}, environ: []string{"PI_ADMIN__URL=" + nobody}, code: 3, want: "error: no server answers at " + nobody + ": connect: connection refused\nhint: start `pi serve`, or set admin.url\ncode: cli.unreachable\n"},
		"command: other server": {args: []string{"command", "webhook.get"}, environ: []string{"PI_ADMIN__URL=" + foreign.URL}, code: 3, want: "error: what answers at " + foreign.URL + " is not the admin API (HTTP status 200)\nhint: check admin.url and admin.address\ncode: cli.unreachable\n"},
		"events: no server":     {args: []string{"events"}, environ: []string{"PI_ADMIN__URL=" + nobody}, code: 3, want: "error: no server answers at " + nobody + ": connect: connection refused\nhint: start `pi serve`, or set admin.url\ncode: cli.unreachable\n"},
		"events: bad limit":     {args: []string{"events", "--limit", "many"}, code: 2, want: "error: the flag \"--limit\" has to be a whole number\nhint: see the command's --help\ncode: cli.usage\n"},
		"events: limit 0":       {args: []string{"events", "--limit", "0"}, code: 2, want: "error: the flag \"--limit\" has to be 1 or more\nhint: see the command's --help\ncode: cli.usage\n"},
		"events: two":           {args: []string{"events", "a", "b"}, code: 2, want: "error: there is one argument too many: \"b\"\nhint: usage: pi events [ID] [flags]\ncode: cli.usage\n"},
		"runs: status":          {args: []string{"runs", "--status", "ded"}, code: 2, want: "error: the flag \"--status\" has to be one of running, waiting, done, dead, cancelled, batched\nhint: did you mean \"dead\"?\ncode: cli.usage\n"},
		"runs: no server":       {args: []string{"runs"}, environ: []string{"PI_ADMIN__URL=" + nobody}, code: 3, want: "error: no server answers at " + nobody + ": connect: connection refused\nhint: start `pi serve`, or set admin.url\ncode: cli.unreachable\n"},
		"run: no file":          {args: []string{"run"}, code: 2, want: "error: FILE is missing\nhint: usage: pi run FILE [flags]\ncode: cli.usage\n"},
		"run: unknown file":     {args: []string{"run", "nope.pi.yaml"}, code: 2, want: "error: nope.pi.yaml: reading a pipeline: no such file or directory\nhint: check the path\ncode: cli.usage\n"},
		"run: body file":        {args: []string{"run", "good.pi.yaml", "--body", "@nope"}, code: 2, want: "error: nope: reading the body: no such file or directory\nhint: check the path\ncode: cli.usage\n"},
		"run: event key":        {args: []string{"run", "good.pi.yaml", "--event", "a..b"}, code: 2, want: "error: event key \"a..b\" has an empty word\nhint: join words by single dots\ncode: event.invalid\n"},
		"run: event file":       {args: []string{"run", "good.pi.yaml", "--event", "@event.json"}, code: 2, want: "error: event.json: reading the event: an event key has 1 to 255 bytes\nhint: `pi events ID -o json` prints one that was accepted\ncode: event.invalid\n"},
		"run: event and body":   {args: []string{"run", "good.pi.yaml", "--event", "@event.json", "--body", "x"}, code: 2, want: "error: an event as JSON has its own payload\nhint: leave --body out, or give --event KEY\ncode: cli.usage\n"},
		"run: payload type":     {args: []string{"run", "good.pi.yaml", "--payload-type", "rwa"}, code: 2, want: "error: the flag \"--payload-type\" has to be base64, raw or ignore\nhint: did you mean \"raw\"?\ncode: cli.usage\n"},
		"run: variable":         {args: []string{"run", "good.pi.yaml", "--var", "x"}, code: 2, want: "error: a variable has to be NAME=VALUE\nhint: see the command's --help\ncode: cli.usage\n"},
		"lint: no path":         {args: []string{"lint"}, code: 2, want: "error: PATH is missing\nhint: usage: pi lint PATH ... [flags]\ncode: cli.usage\n"},
		"lint: unknown path":    {args: []string{"lint", "nope"}, code: 2, want: "error: nope: reading a pipeline: no such file or directory\nhint: check the path\ncode: cli.usage\n"},
		"lint: nothing there":   {args: []string{"lint", "empty"}, code: 2, want: "error: no pipeline was found\nhint: pipeline files in a folder are named *.pi.yaml\ncode: cli.usage\n"},
		"lint: fault code":      {args: []string{"lint", "--explain", "comand.unknown"}, code: 2, want: "error: there is no fault code \"comand.unknown\"\nhint: did you mean \"command.unknown\"?\ncode: cli.usage\n"},
		"rejects: no server":    {args: []string{"webhook", "rejects"}, environ: []string{"PI_ADMIN__URL=" + nobody}, code: 3, want: "error: no server answers at " + nobody + ": connect: connection refused\nhint: start `pi serve`, or set admin.url\ncode: cli.unreachable\n"},
		"verify: no preset":     {args: []string{"webhook", "verify"}, code: 2, want: "error: --preset is missing\nhint: name the sender's scheme, for example --preset github; `pi webhook presets` lists them\ncode: cli.usage\n"},
		"verify: preset":        {args: []string{"webhook", "verify", "--preset", "githup", "--secret", "kanari-secret"}, code: 2, want: "error: preset: there is no preset \"githup\"\nhint: did you mean \"github\"?\ncode: webhook.invalid\n"},
		"verify: no secret":     {args: []string{"webhook", "verify", "--preset", "github"}, code: 2, want: "error: secrets: the preset \"github\" needs a secret\nhint: see the message for the parameter\ncode: webhook.invalid\n"},
		"verify: secret unset":  {args: []string{"webhook", "verify", "--preset", "github", "--secret", "env:NOPE"}, code: 2, want: "error: environment variable \"NOPE\" is not set\nhint: set it, or take the reference out\ncode: config.env_unset\n"},
		"verify: option":        {args: []string{"webhook", "verify", "--preset", "github", "--secret", "kanari-secret", "--option", "kanari"}, code: 2, want: "error: --option has to be NAME=VALUE\nhint: see the command's --help\ncode: cli.usage\n"},
		"verify: time":          {args: []string{"webhook", "verify", "--preset", "github", "--now", "noon"}, code: 2, want: "error: the flag \"--now\" has to be Unix seconds, or a time such as 2026-01-31T12:00:00Z\nhint: see the command's --help\ncode: cli.usage\n"},
		"verify: tolerance":     {args: []string{"webhook", "verify", "--preset", "github", "--tolerance", "5m"}, code: 2, want: "error: the flag \"--tolerance\" has to be a whole number\nhint: see the command's --help\ncode: cli.usage\n"},
		"verify: request":       {args: []string{"webhook", "verify", "--preset", "github", "--secret", "kanari-secret"}, code: 2, want: "error: --request is missing\nhint: give the file with the raw request: --request request.txt\ncode: cli.usage\n"},
		"inspect: no file":      {args: []string{"plugin", "inspect"}, code: 2, want: "error: FILE is missing\nhint: usage: pi plugin inspect FILE [flags]\ncode: cli.usage\n"},
		"inspect: unknown file": {args: []string{"plugin", "inspect", "nope.wasm"}, code: 2, want: "error: nope.wasm: reading a plugin: no such file or directory\nhint: check the path\ncode: cli.usage\n"},
		"pack: unknown file":    {args: []string{"plugin", "pack", "nope.wasm"}, code: 2, want: "error: nope.wasm: reading a plugin: no such file or directory\nhint: check the path\ncode: cli.usage\n"},
		"config: unknown key":   {args: []string{"config", "check", "--set", "stor.dir=kanari"}, code: 2, want: "error: --set: unknown key \"stor.dir\"\nhint: did you mean \"store.dir\"?\ncode: config.unknown_key\n"},
		"config: unknown role":  {args: []string{"config", "check", "--set", "iam.identities.bot.roles=gest"}, code: 2, want: "error: iam.identities.bot.roles: unknown role \"gest\"\nhint: did you mean \"guest\"?\ncode: iam.unknown\n"},
		"config: environment":   {args: []string{"config", "check"}, environ: []string{"PI_STORE_DIR=kanari"}, code: 2, want: "error: environment PI_STORE_DIR: unknown key \"store_dir\"\nhint: did you mean \"PI_STORE__DIR\"?\ncode: config.unknown_key\n"},
		"doctor: bad key":       {args: []string{"doctor", "--set", "xyzzyxyzzy=b"}, code: 2, want: "error: --set: unknown key \"xyzzyxyzzy\"\nhint: use the nearest known key that the message names, or see configs/default.yaml\ncode: config.unknown_key\n"},
		"version: argument":     {args: []string{"version", "x"}, code: 2, want: "error: there is one argument too many: \"x\"\nhint: usage: pi version [flags]\ncode: cli.usage\n"},
		"json":                  {args: []string{"serv", "-o", "json"}, code: 2, want: `{"status":"error","errors":[{"code":"cli.usage","message":"unknown command \"pi serv\"","hint":"did you mean \"pi serve\"?"}]}` + "\n"},
		"json with a place":     {args: []string{"lint", "-o:json", "bad.pi.yaml"}, code: 2, want: `{"status":"error","errors":[{"code":"command.unknown","message":"unknown command \"logg\"","hint":"did you mean \"log\"?","file":"bad.pi.yaml","line":2,"column":5}]}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pi(t, dir, c.environ, c.stdin, c.args...)
			stderr := strings.ReplaceAll(got.stderr, dir+"/", "")
			if diff := cmp.Diff(c.want, stderr); diff != "" || got.code != c.code || got.stdout != "" {
				t.Errorf("exit code %d, want %d; output %q\n%s", got.code, c.code, got.stdout, diff)
			}
			if bad := leaks(got.stderr); bad != "" {
				t.Errorf("the message shows %q", bad)
			}
		})
	}
}

var goName = regexp.MustCompile(`\*[a-z]+\.[A-Z]|\b(strconv|errors|fmt|os|yaml|json|http|url|pflag|cobra|fault|configs)\.[A-Z]|goroutine|panic|\.go:\d|runtime error|interface \{|map\[|0x[0-9a-f]{6}`)

// leaks gives what a message must not show: a stack trace, a name of Go, or the canary.
func leaks(text string) string {
	if strings.Contains(text, "kanari") {
		return "kanari"
	}
	return goName.FindString(text)
}

func TestLeaksFinds(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a kanari", "*fault.Error", "strconv.ParseInt: x", "goroutine 1", "main.go:12", "map[a:b]", "0xc000012345"} {
		if leaks(bad) == "" {
			t.Errorf("%q is not found", bad)
		}
	}
}

// TestSecretsStayHidden gives a secret to everything that takes one and looks for it in all output.
func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	const canary = "kanari-7f3a91-äöü+/="
	dir := t.TempDir()
	write(t, dir, "good.pi.yaml", "pipeline:\n  - body.set: hello\n")
	environ := []string{"PI_ADMIN__TOKEN=" + canary, "PI_SMTP__PASSWORD=" + canary, "PI_BROKER__NATS={url: \"nats://u:" + canary + "@h\", password: " + canary + "}", "PI_ADMIN__URL=" + unreachable(t), "S=" + canary}
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"code":"command.failed","message":"\u001b[2J%s","hint":"%s"}`, r.Header.Get("Authorization"), r.Header.Get("Authorization"))
	}))
	t.Cleanup(echo.Close)
	for _, args := range [][]string{
		{"config", "print"},
		{"config", "print", "-o", "json"},
		{"config", "print", "-o", "yaml"},
		{"config", "check"},
		{"command", "webhook.get"},
		{"command", "webhook.get", "--set", "admin.url=" + echo.URL},
		{"events", "--set", "admin.url=" + echo.URL, "-o", "json"},
		{"doctor", "--set", "smtp.host=127.0.0.1", "--set", "smtp.port=1"},
		{"webhook", "verify", "--preset", "github", "--secret", "env:S", "--request", canary},
		{"webhook", "verify", "--preset", "github", "--secret", "env:S", "--option", "header=" + canary},
		{"send", "github", canary, "--secret", "env:S"},
		{"webhook", "verify", "--preset", "standard-webhooks", "--secret", canary},
		{"command", "x", "secret"},
		{"lint", "good.pi.yaml"},
		{"run", "good.pi.yaml"},
		{"plugin", "list"},
	} {
		got := pi(t, dir, environ, "", append(args, "--set", "store.dir="+filepath.Join(dir, "data"))...)
		if out := got.stdout + got.stderr; strings.Contains(out, "kanari") || out == "" || strings.ContainsRune(out, '\x1b') {
			t.Errorf("%v: %s", args, out)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--help"}, {"help"}, {"serve", "--help"}, {"help", "webhook", "verify"}, {"config"}} {
		got := pi(t, t.TempDir(), nil, "", args...)
		if got.code != 0 || !strings.Contains(got.stdout, "Examples:") || got.stderr != "" {
			t.Errorf("%v: code %d\n%s%s", args, got.code, got.stdout, got.stderr)
		}
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terminal bool
		environ  []string
		want     bool
	}{
		"terminal":    {terminal: true, want: true},
		"no terminal": {},
		"NO_COLOR":    {terminal: true, environ: []string{"NO_COLOR=1"}},
		"dumb":        {terminal: true, environ: []string{"TERM=dumb"}},
	} {
		var stderr bytes.Buffer
		cli.Main(t.Context(), cli.State{Args: []string{"nope"}, Environ: c.environ, Stdout: &stderr, Stderr: &stderr, StderrIsTerminal: c.terminal, Now: time.Now})
		if got := strings.Contains(stderr.String(), "\x1b[31m"); got != c.want {
			t.Errorf("%s: coloured is %v", name, got)
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	code := cli.Main(ctx, cli.State{
		Args: []string{"events"}, Environ: []string{"PI_ADMIN__URL=" + unreachable(t)}, Stdout: &stderr, Stderr: &stderr, Dir: t.TempDir(), Now: time.Now,
	})
	if want := "error: interrupted\nhint: start it again if it is still wanted\ncode: command.canceled\n"; code != 1 || stderr.String() != want {
		t.Errorf("code %d, %s", code, stderr.String())
	}
}
