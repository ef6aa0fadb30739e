package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// TestSARIF holds the output against the rules of SARIF 2.1.0 that its schema states for what is used: required and
// allowed properties, levels, positions from 1, references that lead somewhere.
func TestSARIF(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.pi.yaml", "vars: {total: 3}\npipeline:\n  - event.listen: {eventKey: webhook.order}\n  - set: ${vars.totl * vars.total}\n  - logg: {message: x}\n  - log: \"é ${boddy}\"\n")
	write(t, dir, "ü ö.pi.yaml", "pipeline:\n  - macro: {name: double, do: body * 2}\n  - set: 3\n")
	write(t, dir, "empty.pi.yaml", "")
	if err := os.Mkdir(filepath.Join(dir, "sound"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "sound"), "b.pi.yaml", "pipeline:\n  - set: 3\n")
	for name, c := range map[string]struct {
		path    string
		code    int
		results []string // rules
	}{
		"faulty": {".", 2, []string{"command.unknown", "expr.syntax", "lint.macro.unused", "lint.step.unreachable", "pipeline.invalid", "pipeline.syntax"}},
		"sound":  {"sound", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pi(t, dir, nil, "", "lint", "--sarif", c.path)
			if got.code != c.code || got.stderr != "" {
				t.Fatalf("exit code %d, %s", got.code, got.stderr)
			}
			var log any
			if err := json.Unmarshal([]byte(got.stdout), &log); err != nil {
				t.Fatal(err)
			}
			s := sarif{t: t}
			s.log(log)
			for _, id := range s.found {
				if !slices.Contains(c.results, id) {
					t.Errorf("a result of the rule %s", id)
				}
			}
			if len(c.results) > 0 && len(s.found) < 4 {
				t.Errorf("results of %v", s.found)
			}
			if s.rules < len(lint.Rules()) {
				t.Errorf("%d rules are described, there are %d", s.rules, len(lint.Rules()))
			}
		})
	}
}

// sarif walks through a log and reports what the schema does not allow.
type sarif struct {
	t     *testing.T
	found []string
	rules int
}

func (s *sarif) object(v any, where string, required, optional []string) map[string]any {
	s.t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		s.t.Fatalf("%s is no object: %v", where, v)
	}
	for _, name := range required {
		if _, given := m[name]; !given {
			s.t.Errorf("%s has no %s", where, name)
		}
	}
	for name := range m {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			s.t.Errorf("%s has a property %s, which the schema does not know", where, name)
		}
	}
	return m
}

func (s *sarif) list(v any, where string) []any {
	s.t.Helper()
	l, ok := v.([]any)
	if !ok {
		s.t.Fatalf("%s is no list: %v", where, v)
	}
	return l
}

func (s *sarif) message(v any, where string) {
	s.t.Helper()
	if text, _ := s.object(v, where, []string{"text"}, nil)["text"].(string); text == "" {
		s.t.Errorf("%s is empty", where)
	}
}

func (s *sarif) level(v any) {
	s.t.Helper()
	if !slices.Contains([]any{"none", "note", "warning", "error"}, v) {
		s.t.Errorf("there is no level %v", v)
	}
}

func (s *sarif) log(v any) {
	log := s.object(v, "the log", []string{"version", "runs"}, []string{"$schema"})
	if schema, _ := log["$schema"].(string); log["version"] != "2.1.0" || !strings.HasSuffix(schema, "sarif-schema-2.1.0.json") {
		s.t.Errorf("version %v, schema %v", log["version"], log["$schema"])
	}
	for _, run := range s.list(log["runs"], "runs") {
		r := s.object(run, "the run", []string{"tool"}, []string{"results", "columnKind"})
		if r["columnKind"] != "unicodeCodePoints" {
			s.t.Errorf("columns count %v", r["columnKind"])
		}
		driver := s.object(s.object(r["tool"], "the tool", []string{"driver"}, nil)["driver"], "the driver", []string{"name"}, []string{"version", "rules"})
		rules := s.list(driver["rules"], "rules")
		ids := make([]string, len(rules))
		for i, rule := range rules {
			m := s.object(rule, "a rule", []string{"id"}, []string{"shortDescription", "fullDescription", "help", "defaultConfiguration"})
			ids[i], _ = m["id"].(string)
			if slices.Contains(ids[:i], ids[i]) {
				s.t.Errorf("the rule %s is described twice", ids[i])
			}
			for _, name := range []string{"shortDescription", "fullDescription", "help"} {
				s.message(m[name], ids[i]+"."+name)
			}
			s.level(s.object(m["defaultConfiguration"], "the configuration", nil, []string{"level"})["level"])
		}
		s.rules = len(rules)
		for _, result := range s.list(r["results"], "results") {
			s.result(result, ids)
		}
	}
}

func (s *sarif) result(v any, ids []string) {
	m := s.object(v, "a result", []string{"message"}, []string{"ruleId", "ruleIndex", "level", "locations", "fixes"})
	s.message(m["message"], "the message")
	s.level(m["level"])
	id, _ := m["ruleId"].(string)
	s.found = append(s.found, id)
	if i, ok := m["ruleIndex"].(float64); !ok || int(i) < 0 || int(i) >= len(ids) || ids[int(i)] != id {
		s.t.Errorf("the result of %s has the index %v", id, m["ruleIndex"])
	}
	for _, l := range s.list(m["locations"], "locations") {
		place := s.object(s.object(l, "a location", nil, []string{"physicalLocation"})["physicalLocation"], "a place", nil, []string{"artifactLocation", "region"})
		s.artifact(place["artifactLocation"])
		if region, given := place["region"]; given {
			s.region(region)
		}
	}
	if fixes, given := m["fixes"]; given {
		for _, fix := range s.list(fixes, "fixes") {
			f := s.object(fix, "a fix", []string{"artifactChanges"}, []string{"description"})
			for _, change := range s.list(f["artifactChanges"], "the changes") {
				c := s.object(change, "a change", []string{"artifactLocation", "replacements"}, nil)
				s.artifact(c["artifactLocation"])
				for _, one := range s.list(c["replacements"], "the replacements") {
					s.region(s.object(one, "a replacement", []string{"deletedRegion"}, []string{"insertedContent"})["deletedRegion"])
				}
			}
		}
	}
}

func (s *sarif) artifact(v any) {
	s.t.Helper()
	uri, _ := s.object(v, "an artifact", nil, []string{"uri", "uriBaseId", "index"})["uri"].(string)
	if uri == "" || strings.ContainsAny(uri, " \\üö") {
		s.t.Errorf("%q is no URI reference", uri)
	}
}

func (s *sarif) region(v any) {
	s.t.Helper()
	m := s.object(v, "a region", []string{"startLine"}, []string{"startColumn", "endLine", "endColumn"})
	for name, v := range m {
		if n, ok := v.(float64); !ok || n < 1 || n != float64(int(n)) {
			s.t.Errorf("%s is %v", name, v)
		}
	}
	if m["endLine"] == m["startLine"] && m["endColumn"].(float64) < m["startColumn"].(float64) {
		s.t.Errorf("a region ends in front of its beginning: %v", m)
	}
}
