package pipetest_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/internal/pipetest"
)

func testFileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(pipetest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	meta, err := c.Compile("http://json-schema.org/draft-07/schema#")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("test.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fits(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	return s.Validate(instance)
}

// TestSchemaTakesTestFiles: the schema takes every golden test file that the parser takes.
func TestSchemaTakesTestFiles(t *testing.T) {
	t.Parallel()
	s, language, seen := testFileSchema(t), pipetest.NewLanguage(time.Now), 0
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !strings.HasSuffix(f.Name, pipetest.Suffix) {
				continue
			}
			if _, err := pipetest.Parse(f.Name, f.Data, language); err != nil {
				continue
			}
			seen++
			if err := fits(t, s, f.Data); err != nil {
				t.Errorf("%s: %s: %v", path, f.Name, err)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d files are taken", seen)
	}
}

// TestSchemaRefuses: what the schema refuses, the parser refuses too.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s, language := testFileSchema(t), pipetest.NewLanguage(time.Now)
	for _, text := range []string{
		"case: []\n",
		"{}\n",
		"cases: {name: x}\n",
		"cases:\n  - {name: x, expect: {bdy: 1}}\n",
		"cases:\n  - {expect: {body: 1}}\n",
		"cases:\n  - {name: x, expect: {status: don}}\n",
		"cases:\n  - {name: 7, expect: {body: 1}}\n",
		"cases:\n  - {name: x, given: {now: today}, expect: {body: 1}}\n",
		"cases:\n  - {name: x, given: {attempts: -1}, expect: {body: 1}}\n",
		"cases:\n  - {name: x, mocks: [{command: log, when: always}], expect: {body: 1}}\n",
		"cases:\n  - {name: x, mocks: [{command: log, fail: {message: x}}], expect: {body: 1}}\n",
		"allow: {a: 1}\ncases:\n  - {name: x, expect: {body: 1}}\n",
	} {
		if err := fits(t, s, []byte(text)); err == nil {
			t.Errorf("the schema takes %s", text)
		}
		if _, err := pipetest.Parse("a.test.yaml", []byte(text), language); err == nil {
			t.Errorf("the parser takes %s", text)
		}
	}
}
