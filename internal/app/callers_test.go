package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// reply is an answer of the admin API.
type reply struct {
	status int
	header http.Header
	body   string
}

// flaws gives the places and codes of the errors that the answer names.
func (r reply) flaws() string {
	var out struct {
		Code   string
		Errors []struct {
			Code, Step   string
			Line, Column int
		}
	}
	_ = json.Unmarshal([]byte(r.body), &out)
	text := out.Code
	for _, e := range out.Errors {
		text += fmt.Sprintf(" %d:%d:%s", e.Line, e.Column, e.Code)
	}
	return text
}

// ask sends a request to the admin API; header is a list of names and values.
func (s *inProcess) ask(method, path, body string, header ...string) reply {
	s.t.Helper()
	r, err := s.try(s.t.Context(), method, path, body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *inProcess) try(ctx context.Context, method, path, body string, header ...string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(text)}, err
}

const yamlType = "application/yaml"

func TestAdHoc(t *testing.T) {
	t.Parallel()
	s := serveHere(t, map[string]string{"inner": "pipeline:\n  - set: \"inner ${vars.x}\"\n"}, `iam.identities.anonymousUser.pipelines=["adhoc"]`)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("pipeline", "a.pi.yaml")
	io.WriteString(part, "pipeline:\n  - set: ${body.children[0].name + ' ' + body.children[1].contentLength}\n")
	part, _ = w.CreateFormFile("file", "../one.txt")
	io.WriteString(part, "one")
	part, _ = w.CreateFormFile("file", "two.bin")
	io.WriteString(part, "\x00\xff")
	w.Close()
	for name, c := range map[string]struct {
		kind, query, text string
		status            int
		want              string // of the body, or its code and the places of its faults
	}{
		"YAML":              {yamlType, "", "pipeline:\n  - set: {value: {a: 1}}\n", 200, `{"a":1}`},
		"no content type":   {"", "", "pipeline:\n  - set: hello\n", 200, "hello"},
		"null":              {yamlType, "", "pipeline:\n  - log: x\n", 200, "null"},
		"own body":          {yamlType, "", "body: {a: 7}\npipeline:\n  - set: ${body.a}\n", 200, "7"},
		"variables":         {yamlType, "?a=1&b=x+y&b=z", "pipeline:\n  - set: ${vars}\n", 200, `{"a":"1","b":["x y","z"]}`},
		"JSON":              {"application/json", "", `{"pipeline":[{"set":{"value":"${1+1}"}}]}`, 200, "2"},
		"pairs":             {"application/x-www-form-urlencoded", "", `set.var=key:a;value:5&set=value:"${vars.a %2B 1}"`, 200, "6"},
		"URI":               {"application/x-pipeline-uri", "", "body.set?value=a|set?value=${body}b", 200, "ab"},
		"multipart":         {w.FormDataContentType(), "", form.String(), 200, "one.txt 2"},
		"request":           {yamlType, "?q=1", "pipeline:\n  - set: \"${request.method} ${request.path} ${request.params.q} ${request.headers.authorization}\"\n", 200, "POST /api/v3/pipeline 1 "},
		"calls another one": {yamlType, "", "pipeline:\n  - pipeline.run: {path: inner, vars: {x: y}}\n", 200, "inner y"},
		"its own answer":    {yamlType, "", "pipeline:\n  - http.response.set: {statusCode: 201, headers: {Content-Type: text/csv}}\n  - set: \"a,b\"\n", 201, "a,b"},
		"not YAML":          {yamlType, "", "pipeline:\n  - set: [\n", 400, "pipeline.syntax 2:3:pipeline.syntax"},
		"all faults":        {yamlType, "", "pipeline:\n  - lgo: x\n  - set: ${1 +}\n", 400, "command.unknown 2:5:command.unknown 3:14:expr.syntax"},
		"a trigger":         {yamlType, "", "pipeline:\n  - event.listen: a.b\n  - log: x\n", 400, "pipeline.trigger 0:0:pipeline.trigger"},
		"not JSON":          {"application/json", "", `{"pipeline":`, 400, "pipeline.syntax 1:13:pipeline.syntax"},
		"other type":        {"image/png", "", "x", 400, "command.type"},
		"empty":             {yamlType, "", "", 400, "pipeline.syntax 1:1:pipeline.syntax"},
		"too large":         {yamlType, "", "pipeline:\n  - log: " + strings.Repeat("x", 256<<10), 400, "pipeline.syntax 1:1:pipeline.syntax"},
		"bomb":              {yamlType, "", "a: &a [x,x]\nb: &b [*a,*a]\npipeline: [log]\n", 400, "pipeline.invalid 1:1:pipeline.invalid 1:4:pipeline.syntax"},
		"raised":            {yamlType, "", "pipeline:\n  - error: {message: no}\n", 422, "pipeline.error 2:5:pipeline.error"},
		"a wrong value":     {yamlType, "", "pipeline:\n  - wait: {ms: \"${vars.x + 'x'}\"}\n", 422, "command.type 2:5:command.type"},
		"denied":            {yamlType, "", "pipeline:\n  - iam.run.as: anonymousUser\n  - webhook.get\n", 403, "iam.denied"},
		"timeout":           {yamlType, "", "pipeline:\n  - do: {timeout: 10ms, do: [{wait: {ms: 500}}]}\n", 504, "command.timeout"},
	} {
		header := []string{}
		if c.kind != "" {
			header = []string{"Content-Type", c.kind}
		}
		got := s.ask("POST", "/api/v3/pipeline"+c.query, c.text, header...)
		text := got.body
		if c.status >= 400 {
			text = got.flaws()
		}
		if got.status != c.status || !strings.HasPrefix(text, c.want) || c.status < 400 && text != c.want {
			t.Errorf("%s: %d %s\n%s\nwant %d %s", name, got.status, text, got.body, c.status, c.want)
		}
	}
	if got := s.ask("POST", "/api/v3/pipeline", "pipeline:\n  - log: x\n"); got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the header is %v", got.header)
	}
	if got := s.ask("POST", "/api/v3/pipeline", "pipeline:\n  - log: x\n", "Content-Type", "application/x-www-form-urlencoded"); got.status != 400 || !strings.Contains(got.body, "send the Content-Type application/yaml") {
		t.Errorf("YAML as a form: %d %s", got.status, got.body)
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
		if got := s.ask(method, "/api/v3/pipeline", ""); got.status != 405 || got.header.Get("Allow") != "POST" {
			t.Errorf("%s is answered with %d, %v", method, got.status, got.header)
		}
	}
	if events, err := s.Store().Events(t.Context(), store.EventQuery{}); err != nil || len(events) != 0 {
		t.Errorf("%d events are kept of pipelines that are not, %v", len(events), err)
	}
}

func TestAdHocRights(t *testing.T) {
	t.Parallel()
	off := serveHere(t, nil, "pipelines.ad_hoc=false")
	if got := off.ask("POST", "/api/v3/pipeline", "pipeline:\n  - log: x\n"); got.status != 403 {
		t.Errorf("switched off: %d %s", got.status, got.body)
	}
	guest := serveHere(t, map[string]string{"p": "pipeline:\n  - set: hello\n"}, "admin.identity=anonymousUser")
	for _, c := range [][2]string{
		{"POST", "/api/v3/pipeline"},
		{"POST", "/api/v3/pipeline:p"},
		{"GET", "/api/v3/pipeline:p"},
		{"PUT", "/api/v3/pipeline:p"},
		{"DELETE", "/api/v3/pipeline:p"},
		{"GET", "/api/v3/pipelines/p/loaded"},
	} {
		if got := guest.ask(c[0], c[1], "pipeline:\n  - log: x\n"); got.status != 403 || !strings.Contains(got.body, "CAN_CMD_pipeline.") {
			t.Errorf("%s %s: %d %s", c[0], c[1], got.status, got.body)
		}
	}
}

// Nobody gains the rights of somebody else by writing a pipeline.
func TestPutGivesNoRights(t *testing.T) {
	t.Parallel()
	s := serveHere(t, nil, "admin.identity=author",
		`iam.identities.author.roles=["writer"]`, `iam.roles.writer=["CAN_CMD_pipeline.*","CAN_CMD_iam.run.as.anonymousUser","CAN_CMD_set"]`, `iam.identities.anonymousUser.pipelines=["*"]`)
	text := func(id string) string {
		return "pipeline:\n  - set: 1\n  - if: {true: \"${body == 1}\", then: [{iam.run.as: " + id + "}]}\n  - log: x\n"
	}
	for id, want := range map[string]int{"systemuser": 403, "anonymousUser": 201} {
		if got := s.ask("PUT", "/api/v3/pipeline:x/"+strings.ToLower(id), text(id)); got.status != want {
			t.Errorf("writing a pipeline of %s: %d %s", id, got.status, got.body)
		}
		if got := s.ask("POST", "/api/v3/pipeline", text(id)); (got.status == 403) != (want == 403) {
			t.Errorf("running a pipeline of %s: %d %s", id, got.status, got.body)
		}
	}
}

func TestStoredPipelines(t *testing.T) {
	t.Parallel()
	s := serveHere(t, map[string]string{"given": "pipeline:\n  - set: given\n"})
	const at = "/api/v3/pipeline:global/app/sales/pipeline/lead"
	first := "# the first one\nvars: {b: 2}\npipeline:\n  - set: \"${vars.a} ${vars.b} ${body.x}\"\n"

	put := s.ask("PUT", at, first, "Content-Type", yamlType, "If-None-Match", "*")
	one := put.header.Get("ETag")
	if put.status != 201 || len(one) != 14 {
		t.Fatalf("storing it: %d %s %v", put.status, put.body, put.header)
	}
	file := filepath.Join(s.dir, "global/app/sales/pipeline/lead.pi.yaml")
	if text, err := os.ReadFile(file); err != nil || string(text) != first {
		t.Errorf("the file is %q, %v", text, err)
	}
	if got := s.ask("GET", at, ""); got.status != 200 || got.body != first || got.header.Get("ETag") != one || got.header.Get("Content-Type") != yamlType {
		t.Errorf("reading it: %d %q %v", got.status, got.body, got.header)
	}
	ran := s.ask("POST", at+"?a=1", `{"x":"y"}`, "Content-Type", "application/json")
	if ran.status != 200 || ran.body != "1 2 y" {
		t.Errorf("running it: %d %s", ran.status, ran.body)
	}
	eventID, name, _ := strings.Cut(ran.header.Get("Pipeline-Run"), ":")
	if r, err := s.Store().Run(t.Context(), eventID, name); err != nil || r.Status != run.Done || r.Identity != "systemuser" {
		t.Errorf("the run is kept as %+v, %v", r, err)
	}

	// In force at once, and not taken over once more by the next looks.
	loaded := s.Loaded().Loaded
	if got := s.ask("PUT", at, `{"pipeline":[{"set":{"value":"second"}}]}`, "Content-Type", "application/json", "If-Match", one); got.status != 200 {
		t.Fatalf("changing it: %d %s", got.status, got.body)
	}
	if got := s.ask("POST", at, ""); got.body != "second" {
		t.Errorf("running what was changed: %s", got.body)
	}
	if got := s.ask("GET", at, ""); got.body != "pipeline:\n  - set:\n      value: second\n" {
		t.Errorf("JSON is kept as %q", got.body)
	}
	put2 := s.Loaded().Loaded
	s.taken()
	s.taken()
	if got := s.ask("POST", at, ""); got.body != "second" || !put2.After(loaded) || !s.Loaded().Loaded.Equal(put2) {
		t.Errorf("behind two looks: %s, loaded %s, %s and %s", got.body, loaded, put2, s.Loaded().Loaded)
	}
	s.metric(`penstock_pipelines_reloads_total{outcome="complete"} 2`, `penstock_pipelines_reloads_total{outcome="refused"} 0`)

	// Two editors do not overwrite each other.
	for name, header := range map[string][]string{"old version": {"If-Match", one}, "there already": {"If-None-Match", "*"}} {
		if got := s.ask("PUT", at, first, header...); got.status != 412 || got.flaws() != "pipeline.changed" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := s.ask("PUT", at, first, "If-Match", "weak"); got.status != 400 {
		t.Errorf("a malformed condition: %d %s", got.status, got.body)
	}

	// A text with faults changes nothing.
	if got := s.ask("PUT", at, "pipeline:\n  - lgo: x\n  - pipeline.run: nothing\n"); got.status != 400 || got.flaws() != "command.unknown 2:5:command.unknown" {
		t.Errorf("a faulty text: %d %s", got.status, got.flaws())
	}
	if got := s.ask("PUT", at, "pipeline:\n  - pipeline.run: nothing\n"); got.status != 400 || got.flaws() != "pipeline.unknown 2:19:pipeline.unknown" {
		t.Errorf("a call of nothing: %d %s", got.status, got.flaws())
	}
	if got := s.ask("POST", at, ""); got.body != "second" {
		t.Errorf("behind faulty texts: %s", got.body)
	}

	// The history, and back to the first one.
	var history struct {
		Versions []struct{ Version, Author string }
	}
	if got := s.ask("GET", "/api/v3/pipelines/global.app.sales.pipeline.lead", ""); json.Unmarshal([]byte(got.body), &history) != nil || len(history.Versions) != 2 || history.Versions[1].Author != "systemuser" {
		t.Errorf("the history is %s", got.body)
	}
	if got := s.ask("GET", "/api/v3/pipelines/global.app.sales.pipeline.lead/"+strings.Trim(one, `"`)[:6], ""); !strings.Contains(got.body, "the first one") {
		t.Errorf("the first version is %s", got.body)
	}

	// One that others run stays, unless it is forced away.
	if got := s.ask("PUT", "/api/v3/pipeline:caller", "pipeline:\n  - pipeline.run: given\n"); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.ask("DELETE", "/api/v3/pipeline:given", ""); got.status != 409 || !strings.Contains(got.body, "is run by caller") {
		t.Errorf("deleting what is used: %d %s", got.status, got.body)
	}
	if got := s.ask("DELETE", "/api/v3/pipeline:given?force=true", ""); got.status != 200 {
		t.Errorf("deleting by force: %d %s", got.status, got.body)
	}
	if got := s.ask("GET", "/api/v3/pipelines", ""); !strings.Contains(got.body, `"name":"caller","state":"out"`) || strings.Contains(got.body, `"name":"given"`) {
		t.Errorf("the list is %s", got.body)
	}
	s.taken()
	if got := s.ask("POST", "/api/v3/pipeline:caller", ""); got.status != 404 {
		t.Errorf("running what is broken: %d %s", got.status, got.body)
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if got := s.ask(method, "/api/v3/pipeline:given", ""); got.status != 404 || got.flaws() != "pipeline.unknown" {
			t.Errorf("%s of nothing: %d %s", method, got.status, got.body)
		}
	}
	if got := s.ask("PATCH", at, ""); got.status != 405 {
		t.Errorf("PATCH: %d", got.status)
	}
}

// A pipeline that is kept as JSON stays one.
func TestStoredJSON(t *testing.T) {
	t.Parallel()
	s := serveHere(t, nil)
	const text = `{"pipeline": [{"set": "one"}]}`
	if err := os.WriteFile(filepath.Join(s.dir, "j.pi.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.taken()
	if got := s.ask("POST", "/api/v3/pipeline:j", ""); got.body != "one" {
		t.Errorf("running it: %d %s", got.status, got.body)
	}
	if got := s.ask("GET", "/api/v3/pipeline:j", ""); got.body != text || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("reading it: %s %v", got.body, got.header)
	}
	if got := s.ask("PUT", "/api/v3/pipeline:pairs", `var.set=key:a;value:5&set=value:"x y"`, "Content-Type", "application/x-www-form-urlencoded"); got.status != 201 {
		t.Errorf("storing pairs: %d %s", got.status, got.body)
	}
	if got := s.ask("GET", "/api/v3/pipeline:pairs", ""); got.body != "pipeline:\n  - var.set:\n      key: a\n      value: 5\n  - set:\n      value: x y\n" {
		t.Errorf("pairs are kept as %q", got.body)
	}
	if got := s.ask("PUT", "/api/v3/pipeline:j", "pipeline:\n  - set: two\n"); got.status != 400 {
		t.Errorf("YAML in its place: %d %s", got.status, got.body)
	}
	if got := s.ask("PUT", "/api/v3/pipeline:j", `{"pipeline":["exit"]}`, "Content-Type", "application/json"); got.status != 200 {
		t.Errorf("JSON in its place: %d %s", got.status, got.body)
	}
}

// No path leads out of the pipeline directory, or to a file that is no pipeline.
func TestPipelinePaths(t *testing.T) {
	t.Parallel()
	s := serveHere(t, nil)
	outside := filepath.Join(filepath.Dir(s.dir), "outside")
	if err := os.MkdirAll(outside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(s.dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"..%2fx", "../x", "..", ".", "a/../../x", "a//b", "/etc/passwd", "%2fetc", "a%00b", `a%5cb`, "A", "ä", "%c3%a4", "a.pi.yaml/", "a%20b", "con%3a",
		"a..b", ".hidden", "a/.hidden", "link/x", "x%2f", "-/", "a_b", "a%0ab", strings.Repeat("a", 65), strings.Repeat("a/", 40) + "a", "uuid:1", "%2e%2e%2fx",
	} {
		got := s.ask("PUT", "/api/v3/pipeline:"+path, "pipeline:\n  - log: x\n")
		if got.status < 400 || got.status >= 500 && path != "link/x" {
			t.Errorf("%q: %d %s", path, got.status, got.body)
		}
	}
	for _, dir := range []string{filepath.Dir(s.dir), outside} {
		found, err := filepath.Glob(filepath.Join(dir, "*.pi.yaml"))
		if err != nil || len(found) > 0 {
			t.Errorf("outside are %v, %v", found, err)
		}
	}
	if n := s.Loaded().Count; n != 0 {
		t.Errorf("%d pipelines are loaded", n)
	}
}

// A caller who goes away ends the run, one too many is refused, and one who waits too long is told.
func TestCallersWait(t *testing.T) {
	t.Parallel()
	s := serveHere(t, map[string]string{"slow": "pipeline:\n  - wait: {ms: 60000}\n  - set: done\n"}, "pipelines.max_callers=2", "pipelines.call_timeout=3s")
	var group sync.WaitGroup
	for i := range 2 {
		group.Go(func() {
			path := []string{"/api/v3/pipeline:slow", "/api/v3/pipeline"}[i]
			got, err := s.try(t.Context(), "POST", path, "pipeline:\n  - wait: {ms: 60000}\n", "Content-Type", yamlType)
			for err == nil && got.status == 503 { // the caller below came in between
				got, err = s.try(t.Context(), "POST", path, "pipeline:\n  - wait: {ms: 60000}\n", "Content-Type", yamlType)
			}
			if err != nil || got.status != 504 || got.flaws() != "command.timeout" {
				t.Errorf("waiting: %d %s, %v", got.status, got.body, err)
			}
		})
	}
	busy := 0
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if got := s.ask("POST", "/api/v3/pipeline", "pipeline:\n  - log: x\n"); got.status == 503 && got.header.Get("Retry-After") == "1" && got.flaws() == "pipeline.busy" {
			busy++
			break
		}
		time.Sleep(time.Millisecond)
	}
	if busy == 0 {
		t.Error("no caller too many was refused")
	}
	group.Wait()

	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, leave)
	if got, err := s.try(ctx, "POST", "/api/v3/pipeline:slow", ""); err == nil {
		t.Errorf("the answer to nobody is %d", got.status)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		found, err := s.Store().FindRuns(t.Context(), store.RunQuery{Pipeline: "slow", Status: run.Cancelled})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			if took := found[0].Ended.Sub(found[0].Started); took > 2500*time.Millisecond {
				t.Errorf("the run ended after %s, with its own time", took)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("the run did not end")
		}
	}
}

// Requests on one connection that follow each other at once are all answered.
func TestCallersPipelined(t *testing.T) {
	t.Parallel()
	s := serveHere(t, map[string]string{"p": "pipeline:\n  - wait: {ms: 20}\n  - set: ${vars.n}\n"})
	for n := range 20 {
		if got := s.ask("POST", fmt.Sprintf("/api/v3/pipeline:p?n=%d", n), ""); got.body != fmt.Sprint(n) {
			t.Errorf("%d: %d %s", n, got.status, got.body)
		}
	}
}
