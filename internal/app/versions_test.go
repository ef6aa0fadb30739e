package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// TestKilledBetweenVersions kills a server while a run waits inside a called pipeline, changes and removes the files
// meanwhile, and breaks another one. After the start the run ends on the versions it began with, new events see the
// new ones, and the broken file runs in its last good version.
func TestKilledBetweenVersions(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	const kills = 5
	const head = "pipeline:\n  - event.listen: a.b\n  - iam.run.as: systemuser\n"
	mixed, lost := 0, 0
	for n := range kills {
		dir := t.TempDir()
		write := func(name, text string) {
			t.Helper()
			file := filepath.Join(dir, "pipelines", name+".pi.yaml")
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			err := os.WriteFile(file, []byte(text), 0o600)
			if text == "" {
				err = os.Remove(file)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		write("outer", head+"  - set: {value: one, output: vars.mine}\n  - pipeline.run: inner\n  - set: \"${vars.mine} ${body}\"\n")
		write("inner", "pipeline:\n  - wait: {ms: 1500}\n  - pipeline.run: last\n  - set: \"inner-one ${body}\"\n")
		write("last", "pipeline:\n  - set: last-one\n")
		write("other", "pipeline:\n  - event.listen: c.d\n  - set: good\n")
		s := startServer(t, dir)
		id := s.sendEvent(t, "a.b")
		s.runIs(t, id, "outer", "waiting")
		s.Kill()
		s.read.Wait()

		write("outer", head+"  - set: two\n")
		if n%2 == 0 {
			write("inner", "")
			write("last", "")
		} else {
			write("last", "pipeline:\n  - set: last-two\n")
		}
		write("other", "pipeline:\n  - event.listen: c.d\n  - lgo: bad\n")
		write("never", "pipeline:\n  - lgo: bad\n")
		s = startServer(t, dir)
		switch got := s.runIs(t, id, "outer", "done"); got {
		case `"one inner-one last-one"`:
		case "":
			lost++
		default:
			mixed++
			t.Logf("the run gave %s", got)
		}
		for key, want := range map[string]string{"a.b": `"two"`, "c.d": `"good"`} {
			name := map[string]string{"a.b": "outer", "c.d": "other"}[key]
			if got := s.runIs(t, s.sendEvent(t, key), name, "done"); got != want {
				t.Errorf("a new event %s gave %s, want %s", key, got, want)
			}
		}
		if list := s.request(t, "GET", "/api/v3/pipelines", ""); !strings.Contains(list, `"name":"other"`) || !strings.Contains(list, `"state":"broken"`) {
			t.Errorf("the list does not tell of the broken file: %s", list)
		}
		s.Kill()
		s.read.Wait()
	}
	t.Logf("%d kills: lost %d, mixed %d", kills, lost, mixed)
	if lost+mixed > 0 {
		t.Error("a run was lost or mixed")
	}
}

func (s *server) request(t *testing.T, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sendEvent sends an event with the command of the server and gives its id.
func (s *server) sendEvent(t *testing.T, key string) string {
	t.Helper()
	answer := s.request(t, "POST", "/api/v3/command/event.send?params=body", fmt.Sprintf(`{"key": %q}`, key))
	var events struct {
		Events []struct{ ID, EventKey string }
	}
	if err := json.Unmarshal([]byte(s.request(t, "GET", "/api/v3/events?limit=1&key="+key, "")), &events); err != nil || len(events.Events) != 1 {
		t.Fatalf("sending an event: %s, %v", answer, err)
	}
	return events.Events[0].ID
}

// runIs waits until the run has the status and gives its final body.
func (s *server) runIs(t *testing.T, id, name, want string) string {
	t.Helper()
	path := "/api/v3/runs/" + id + "/" + name
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var r struct{ Status string }
		text := s.request(t, "GET", path, "")
		if json.Unmarshal([]byte(text), &r) == nil && r.Status == want {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the run of %s is not %s: %s", name, want, text)
		}
	}
	var result struct{ Body json.RawMessage }
	text := s.request(t, "GET", path+"?payload=true", "")
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(result.Body)
}
