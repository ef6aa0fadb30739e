package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/wasm"
)

// fence finds the blocks of a guide: what they are and what they hold.
var fence = regexp.MustCompile("(?ms)^```(\\w+)( \\w+)?\n(.*?)^```$")

// scriptOf turns a guide into a script. Blocks are files (yaml, json, whose first line names them), commands (sh; with
// "fails" the last one fails, with "install" they are done already) and what the last command shows (text: each line
// occurs in its output, where … stands for anything).
func scriptOf(t *testing.T, guide string) string {
	t.Helper()
	var script, files strings.Builder
	serving := false
	for _, m := range fence.FindAllStringSubmatch(guide, -1) {
		kind, flag, text := m[1], strings.TrimSpace(m[2]), m[3]
		switch {
		case kind == "yaml" || kind == "json":
			first, rest, _ := strings.Cut(text, "\n")
			name, isFile := strings.CutPrefix(first, "# ")
			if !isFile {
				t.Fatalf("a file has no name: %s", first)
			}
			fmt.Fprintf(&files, "-- %s --\n%s", name, rest)
		case kind == "text":
			for line := range strings.Lines(text) {
				var parts []string
				for part := range strings.SplitSeq(strings.TrimSpace(line), "…") {
					parts = append(parts, regexp.QuoteMeta(strings.TrimSpace(part)))
				}
				fmt.Fprintf(&script, "said '%s'\n", strings.Join(parts, ".*"))
			}
		case kind == "sh" && flag == "install":
		case kind == "sh":
			lines := strings.Split(strings.TrimSpace(text), "\n")
			for i, line := range lines {
				name, v, isSet := strings.Cut(strings.TrimPrefix(line, "export "), "=")
				switch fails := flag == "fails" && i == len(lines)-1; {
				case strings.HasPrefix(line, "export ") && strings.HasPrefix(v, "<the "):
					fmt.Fprintf(&script, "field %s stdout %s\n", name, strings.Fields(v)[1])
				case strings.HasPrefix(line, "export ") && isSet:
					fmt.Fprintf(&script, "env %s=%s\n", name, v)
				case line == "pi serve":
					script.WriteString("exec pi serve &serve&\nready\n")
					serving = true
				case line == "pi runs" && serving: // what follows an answer takes a moment
					script.WriteString("shows ' done ' runs\nmailbox 1\nexec pi runs\n")
				case fails:
					fmt.Fprintf(&script, "! exec %s\n", line)
				case strings.HasPrefix(line, "pi "):
					fmt.Fprintf(&script, "exec %s\n", line)
				default:
					t.Fatalf("a command that the test does not know: %s", line)
				}
			}
		default:
			t.Fatalf("a block of the kind %s %s", kind, flag)
		}
	}
	return script.String() + "grep 'Jane wants a boat' mail.txt\n" + files.String()
}

// TestFirstPipeline does what the guide says, with the real plugin, a real server and a real mail server.
func TestFirstPipeline(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/first-pipeline.md")
	if err != nil {
		t.Fatal(err)
	}
	host, err := wasm.NewHost(t.Context(), wasm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := host.Pack(t.Context(), guest.Build(t, "../../plugins/mail.send"))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	cache := guest.CacheDir(t)
	dir := t.TempDir()
	script := "mailbox start\nenv PI_SMTP__PORT=$MAIL_PORT\n" + scriptOf(t, string(guide))
	if err := os.WriteFile(filepath.Join(dir, "guide.txtar"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for _, setting := range []string{"INGRESS__ADDRESS=127.0.0.1:0", "ADMIN__ADDRESS=127.0.0.1:0", "ENGINE__POLL=20ms", "PLUGINS__CACHE=" + cache} {
				name, v, _ := strings.Cut(setting, "=")
				e.Setenv("PI_"+name, v)
			}
			e.Values["mail"] = new(*smtpsink.Sink)
			if err := os.Mkdir(filepath.Join(e.WorkDir, "plugins"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "plugins", "mail.send.wasm"), plugin, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "mailbox": mailbox, "field": setField, "shows": shows, "said": said,
		},
	})
}

// said expects a text in what the last command wrote, to either output.
func said(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 1)
	text := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if ok, err := regexp.MatchString(args[0], text); err != nil || !ok {
		ts.Fatalf("the guide promises %s (%v), but the command said:\n%s", args[0], err, text)
	}
}
