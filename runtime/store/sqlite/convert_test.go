package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/store/sqlite"
	"github.com/penstock/penstock/runtime/webhook"
)

// toVersion1 turns the file of a closed store back to how version 1 looked.
const toVersion1 = `
ALTER TABLE runs DROP COLUMN payloads;
ALTER TABLE runs DROP COLUMN position;
ALTER TABLE runs DROP COLUMN closed;
DROP INDEX runs_waiting_of;
DROP INDEX runs_versions;
DROP TABLE schedules;
DROP TABLE sources;
DROP TABLE properties;
ALTER TABLE events DROP COLUMN raw;
DROP TABLE webhooks;
CREATE TABLE webhooks (uuid TEXT NOT NULL PRIMARY KEY, settings TEXT NOT NULL);
PRAGMA user_version = 1;
INSERT INTO webhooks VALUES
	('5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11', '{"uuid":"5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11","eventKey":"webhook.a","payloadType":"raw","maxPayloadLength":1000,"verify":{"preset":"hmac","secrets":["env:A","b"],"tolerance":60,"header":"X-Sig","algorithm":"sha512","encoding":"base64","prefix":"v1="},"created":"2026-01-02T03:04:05Z","updated":"2026-01-02T03:04:06Z"}'),
	('aaaaaaaa-6b8c-4e0c-9d3e-1d5a0c2f7b11', '{"uuid":"aaaaaaaa-6b8c-4e0c-9d3e-1d5a0c2f7b11","eventKey":"webhook.b","payloadType":"base64","maxPayloadLength":512000,"verify":{},"created":"2026-01-02T03:05:05Z","updated":"2026-01-02T03:05:05Z"}');
INSERT INTO dedupe VALUES ('5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11', 'd1', 'first', 9000000000000000);
`

// TestFormerWebhooksAreConverted: the token of a webhook of version 1 still opens it, is nowhere in the
// files any more, and its deliveries are still known.
func TestFormerWebhooksAreConverted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, sqlite.Options{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := raw(t, dir).ExecContext(t.Context(), toVersion1); err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlite.Options{Dir: dir})
	got, err := s.Webhooks(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := []webhook.Webhook{
		{
			Tokens: []webhook.Token{{
				Hint: "2f7b11", Created: created,
			}},
			EventKey: "webhook.a", PayloadType: webhook.Raw, MaxPayloadLength: 1000,
			Verify: webhook.Verify{
				Preset: "hmac", Secrets: []webhook.Secret{{Ref: "env:A"}, {Ref: "b"}}, Tolerance: 60,
				Options: webhook.Options{"header": {"X-Sig"}, "algorithm": {"sha512"}, "encoding": {"base64"}, "prefix": {"v1="}},
			},
			Created: created, Updated: created.Add(time.Second),
		},
		{
			Tokens:   []webhook.Token{{Hint: "2f7b11", Created: created.Add(time.Minute)}},
			EventKey: "webhook.b", PayloadType: webhook.Base64, MaxPayloadLength: 512_000,
			Created: created.Add(time.Minute), Updated: created.Add(time.Minute),
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(webhook.Webhook{}, "ID"), cmpopts.IgnoreFields(webhook.Token{}, "Hash")); diff != "" {
		t.Error(diff)
	}
	// printf %s 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11 | sha256sum
	if hash := got[0].Tokens[0].Hash; hash != "ed626e6c3eb3bd14094717632f28833df2c820267c008db1a085bb95031eeffd" {
		t.Errorf("hash %s", hash)
	}
	if got[0].ID == "" || got[0].ID == got[1].ID {
		t.Errorf("ids %q and %q", got[0].ID, got[1].ID)
	}
	again, err := s.Accept(t.Context(), event.New("a", created), event.Dedupe{Scope: got[0].ID, Key: "d1", Until: created.Add(time.Hour)})
	if err != nil || again.Fresh || again.EventID != "first" {
		t.Errorf("%+v, %v", again, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("5f0f4bd4-6b8c")) {
			t.Errorf("%s still holds a token", filepath.Base(file))
		}
	}
	s = open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	if kept, err := s.Webhooks(t.Context()); err != nil || !cmp.Equal(kept, got) {
		t.Errorf("after reopening: %v, %s", err, cmp.Diff(got, kept))
	}
}
