package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/penstock/penstock/runtime/webhook"
)

// webhookV1 is a webhook as version 1 kept it: its uuid was its name and its token, in plain text.
type webhookV1 struct {
	webhook.Webhook
	UUID   string `json:"uuid"`
	Verify struct {
		webhook.Verify
		Header    string `json:"header"`
		Algorithm string `json:"algorithm"`
		Encoding  string `json:"encoding"`
		Prefix    string `json:"prefix"`
	} `json:"verify"`
}

// hashTokens gives every webhook an id and keeps the hash of its token only. What is remembered of its
// deliveries follows it to the id.
func hashTokens(c *conn) (err error) {
	read, err1 := c.prepare(`SELECT uuid, settings FROM webhooks LIMIT 1`)
	write, err2 := c.prepare(`INSERT INTO webhooks2 (id, settings) VALUES (?, ?)`)
	remove, err3 := c.prepare(`DELETE FROM webhooks WHERE uuid = ?`)
	follow, err4 := c.prepare(`UPDATE dedupe SET scope = ? WHERE scope = ?`)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, read.close(), write.close(), remove.close(), follow.close()) }()
	for {
		var row [2]driver.Value
		found, err := read.row(row[:])
		if err != nil || !found {
			return err
		}
		uuid, _ := row[0].(string)
		settings, _ := row[1].(string)
		w, err := convertV1([]byte(settings))
		if err != nil {
			return fmt.Errorf("reading a webhook: %w", err)
		}
		text, err := json.Marshal(w)
		if err != nil {
			return err
		}
		_, err1 := write.run(w.ID, string(text))
		_, err2 := follow.run(w.ID, uuid)
		_, err3 := remove.run(uuid)
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
	}
}

func convertV1(settings []byte) (webhook.Webhook, error) {
	var old webhookV1
	if err := json.Unmarshal(settings, &old); err != nil {
		return webhook.Webhook{}, err
	}
	w := old.Webhook
	w.ID = webhook.NewID()
	w.Tokens = []webhook.Token{webhook.NewToken(old.UUID, w.Created)}
	w.Verify = old.Verify.Verify
	for name, text := range map[string]string{
		"header": old.Verify.Header, "algorithm": old.Verify.Algorithm, "encoding": old.Verify.Encoding, "prefix": old.Verify.Prefix,
	} {
		if text == "" {
			continue
		}
		if w.Verify.Options == nil {
			w.Verify.Options = webhook.Options{}
		}
		w.Verify.Options[name] = []string{text}
	}
	return w, nil
}
