package sqlite

// statements are the writer's, prepared once.
type statements struct {
	spare                           *stmt
	begin, commit, rollback         *stmt
	walLength, checkpoint, truncate *stmt
	remember, recall, insertEvent   *stmt
	settle, saveRun                 *stmt
	runExists, addMember, endMember *stmt
	completeResult                  *stmt
	putWebhook, deleteWebhook       *stmt
	insertReject, trimRejects       *stmt
	pruneEvent, pruneRuns           *stmt
	pruneResult, pruneResults       *stmt
	pruneDedupe, oldestSettled      *stmt
	closeDead                       *stmt
	addSchedule, moveSchedule       *stmt
	deleteSchedule                  *stmt
	sourceIn, sourceOut             *stmt
	pruneSources                    *stmt
	addProperty, changeProperty     *stmt
	moveProperty, deleteProperty    *stmt
	pruneProperties                 *stmt
}

// prepare uses plain question marks where it is hot: the driver asks for the name of every numbered one.
func (s *statements) prepare(c *conn) error {
	for _, p := range []struct {
		to    **stmt
		query string
	}{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
		{&s.spare, `PRAGMA freelist_count`},
		{&s.walLength, `PRAGMA wal_checkpoint(NOOP)`},
		{&s.checkpoint, `PRAGMA wal_checkpoint(PASSIVE)`},
		{&s.truncate, `PRAGMA wal_checkpoint(TRUNCATE)`},

		{&s.remember, `INSERT INTO dedupe (scope, key, event_id, until) VALUES (?, ?, ?, ?)
			ON CONFLICT (scope, key) DO UPDATE SET event_id = excluded.event_id, until = excluded.until WHERE until < ?`},
		{&s.recall, `SELECT event_id FROM dedupe WHERE scope = ? AND key = ?`},
		{&s.insertEvent, `INSERT INTO events (seq, id, key, time, settled, data, raw) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`},

		{&s.settle, `UPDATE events SET settled = ? WHERE id = ? AND settled < 0`},
		{&s.saveRun, `INSERT INTO runs (` + runSaved + `, event_seq)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, COALESCE((SELECT seq FROM events WHERE id = ?), 0))
			ON CONFLICT (event_id, pipeline) DO UPDATE SET
				event_key = excluded.event_key, version = excluded.version, status = excluded.status,
				attempt = excluded.attempt, identity = excluded.identity, started = excluded.started,
				ended = excluded.ended, next_at = excluded.next_at, code = excluded.code, message = excluded.message,
				step_index = excluded.step_index, steps = excluded.steps, body = excluded.body, vars = excluded.vars,
				position = excluded.position, payloads = excluded.payloads
			WHERE status NOT IN ('done', 'dead', 'cancelled')`},

		{&s.runExists, `SELECT 1 FROM runs WHERE event_id = ? AND pipeline = ?`},
		{&s.addMember, `INSERT INTO runs (event_id, pipeline, event_key, version, status, attempt, identity, started, ended, next_at, code, message, step_index, closed, event_seq)
			VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0, 0, '', '', 0, ?, COALESCE((SELECT seq FROM events WHERE id = ?), 0))`},
		{&s.endMember, `UPDATE runs SET status = ?, ended = ?, code = ?, message = ? WHERE event_id = ? AND pipeline = ? AND closed = ? AND status = 'batched'`},

		{&s.closeDead, `UPDATE runs SET closed = ? WHERE event_id = ? AND pipeline = ? AND status = 'dead' AND closed = ''`},

		{&s.addSchedule, `INSERT INTO schedules (name, spec, next, last) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.moveSchedule, `UPDATE schedules SET spec = ?, next = ?, last = ? WHERE name = ? AND next = ?`},
		{&s.deleteSchedule, `DELETE FROM schedules WHERE name = ?`},

		{&s.sourceIn, `INSERT INTO sources (pipeline, version, file, author, first, last, until, text) VALUES (?, ?, ?, ?, ?, ?, 0, ?)
			ON CONFLICT (pipeline, version) DO UPDATE SET file = excluded.file, author = excluded.author, last = excluded.last, until = 0`},
		{&s.sourceOut, `UPDATE sources SET until = ? WHERE pipeline = ? AND version = ? AND until = 0`},
		{&s.pruneSources, `DELETE FROM sources WHERE (pipeline, version) IN (
			SELECT pipeline, version FROM (
				SELECT pipeline, version, until, row_number() OVER (PARTITION BY pipeline ORDER BY until = 0 DESC, last DESC, until DESC) AS place FROM sources
			) AS s
			WHERE until > 0 AND until < ?1 AND (until < ?2 OR place > ?3)
				AND until < COALESCE((SELECT min(started) FROM runs WHERE status IN ('running', 'waiting')), ?1)
				AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.pipeline = s.pipeline AND r.version = s.version AND r.status IN ('running', 'waiting'))
			LIMIT ?4)`},
		{&s.addProperty, `INSERT INTO properties (path, uuid, type, created, updated, expires, value, revision) VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`},
		{&s.changeProperty, `UPDATE properties SET uuid = ?, type = ?, created = ?, updated = ?, expires = ?, value = ?, revision = revision + 1
			WHERE path = ? AND revision = ?`},
		{&s.moveProperty, `UPDATE OR IGNORE properties SET path = ?, updated = ?, revision = revision + 1 WHERE path = ? AND revision = ?`},
		{&s.deleteProperty, `DELETE FROM properties WHERE path = ? AND revision = ?`},
		{&s.pruneProperties, `DELETE FROM properties WHERE path IN (SELECT path FROM properties WHERE expires > 0 AND expires <= ?1 LIMIT ?2)`},

		{&s.completeResult, `INSERT INTO results (correlation_id, value, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.putWebhook, `INSERT INTO webhooks (id, settings) VALUES (?1, ?2)
			ON CONFLICT (id) DO UPDATE SET settings = ?2`},
		{&s.deleteWebhook, `DELETE FROM webhooks WHERE id = ?`},
		{&s.insertReject, `INSERT INTO rejects (reject) VALUES (?)`},
		{&s.trimRejects, `DELETE FROM rejects WHERE id <= (SELECT max(id) FROM rejects) - ?`},

		{&s.oldestSettled, `SELECT seq, id FROM events WHERE settled >= 0 AND settled < ? ORDER BY settled LIMIT 1`},
		{&s.pruneEvent, `DELETE FROM events WHERE seq = ?`},
		{&s.pruneRuns, `DELETE FROM runs WHERE event_id = ?`},
		{&s.pruneResult, `DELETE FROM results WHERE correlation_id = ?`},
		{&s.pruneResults, `DELETE FROM results WHERE correlation_id IN (
			SELECT correlation_id FROM results WHERE at < min(?1, COALESCE((SELECT min(time) FROM events WHERE seq = (SELECT min(seq) FROM events WHERE settled < 0)), ?1))
				AND NOT EXISTS (SELECT 1 FROM events WHERE id = correlation_id) LIMIT ?2)`},
		{&s.pruneDedupe, `DELETE FROM dedupe WHERE (scope, key) IN (SELECT scope, key FROM dedupe WHERE until < ?1 LIMIT ?2)`},
	} {
		prepared, err := c.prepare(p.query)
		if err != nil {
			return err
		}
		*p.to = prepared
	}
	return nil
}
