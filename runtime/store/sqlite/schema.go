package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/penstock/penstock/runtime/fault"
)

// Times are microseconds since 1970 in UTC; 0 is the zero time.
//
// events.settled is open (see times.go) until the event is settled: as wide on disk as a time, so that
// settling overwrites the row where it is and does not write a large event once more.
//
// events.seq is given by the writer and never again to another event while the process lives, so that
// readers can use it as a cursor.
const schema1 = `
CREATE TABLE events (
	seq     INTEGER PRIMARY KEY,
	id      TEXT    NOT NULL UNIQUE,
	key     TEXT    NOT NULL,
	time    INTEGER NOT NULL,
	settled INTEGER NOT NULL,
	data    BLOB    NOT NULL
);
CREATE INDEX events_open    ON events (seq)     WHERE settled < 0;
CREATE INDEX events_settled ON events (settled) WHERE settled >= 0;

CREATE TABLE dedupe (
	scope    TEXT    NOT NULL,
	key      TEXT    NOT NULL,
	event_id TEXT    NOT NULL,
	until    INTEGER NOT NULL,
	PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX dedupe_until ON dedupe (until);

CREATE TABLE runs (
	event_id   TEXT    NOT NULL,
	pipeline   TEXT    NOT NULL,
	event_seq  INTEGER NOT NULL,
	event_key  TEXT    NOT NULL,
	version    TEXT    NOT NULL,
	status     TEXT    NOT NULL,
	attempt    INTEGER NOT NULL,
	identity   TEXT    NOT NULL,
	started    INTEGER NOT NULL,
	ended      INTEGER NOT NULL,
	next_at    INTEGER NOT NULL,
	code       TEXT    NOT NULL,
	message    TEXT    NOT NULL,
	step_index INTEGER NOT NULL,
	steps      BLOB,
	body       BLOB,
	vars       BLOB,
	UNIQUE (event_id, pipeline)
);
CREATE INDEX runs_newest   ON runs (event_seq);
CREATE INDEX runs_not_done ON runs (status, event_seq) WHERE status <> 'done';
CREATE INDEX runs_waiting  ON runs (next_at) WHERE status = 'waiting';

CREATE TABLE results (
	correlation_id TEXT    NOT NULL PRIMARY KEY,
	at             INTEGER NOT NULL,
	value          BLOB    NOT NULL
) WITHOUT ROWID;
CREATE INDEX results_at ON results (at);

CREATE TABLE webhooks (
	uuid     TEXT NOT NULL PRIMARY KEY,
	settings TEXT NOT NULL
);

CREATE TABLE rejects (
	id     INTEGER PRIMARY KEY,
	reject TEXT NOT NULL
);
`

// schema2 makes room for webhooks that are named by an id. secure_delete overwrites the tokens that
// version 1 kept in plain text.
const schema2 = `
PRAGMA secure_delete = ON;
CREATE TABLE webhooks2 (
	id       TEXT NOT NULL PRIMARY KEY,
	settings TEXT NOT NULL
);
`

const schema2End = `
DROP TABLE webhooks;
ALTER TABLE webhooks2 RENAME TO webhooks;
PRAGMA secure_delete = OFF;
`

// schema3 keeps what came in beside an event whose payload is made from it.
const schema3 = `ALTER TABLE events ADD COLUMN raw BLOB;`

// schema4 keeps where a run stands inside of loops and other blocks.
const schema4 = `ALTER TABLE runs ADD COLUMN position BLOB;`

// schema5 tells dead letters that were dealt with from open ones, finds the versions of unfinished runs, and
// keeps when jobs are due.
const schema5 = `
ALTER TABLE runs ADD COLUMN closed TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_versions ON runs (pipeline, version) WHERE status IN ('running', 'waiting');
CREATE TABLE schedules (
	name TEXT    NOT NULL PRIMARY KEY,
	spec TEXT    NOT NULL,
	next INTEGER NOT NULL,
	last INTEGER NOT NULL
) WITHOUT ROWID;
`

// schema6 keeps recorded values of steps apart from the steps, so that listings do not read them.
const schema6 = `ALTER TABLE runs ADD COLUMN payloads BLOB;`

// schema7 keeps the texts of pipelines. sources.until is 0 while the version is in the loaded set.
const schema7 = `
CREATE TABLE sources (
	pipeline TEXT    NOT NULL,
	version  TEXT    NOT NULL,
	file     TEXT    NOT NULL,
	author   TEXT    NOT NULL,
	first    INTEGER NOT NULL,
	last     INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	text     BLOB    NOT NULL,
	UNIQUE (pipeline, version)
);
CREATE INDEX sources_loaded ON sources (pipeline) WHERE until = 0;
`

// schema8 keeps properties.
const schema8 = `
CREATE TABLE properties (
	path     TEXT    NOT NULL UNIQUE,
	revision INTEGER NOT NULL,
	uuid     TEXT    NOT NULL,
	type     TEXT    NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	value    BLOB    NOT NULL
);
CREATE INDEX properties_expires ON properties (expires) WHERE expires > 0;
`

// schema9 finds what waits for its turn in one pipeline among a great deal.
const schema9 = `CREATE INDEX runs_waiting_of ON runs (pipeline, next_at) WHERE status = 'waiting';`

// migration is one step: SQL, then the part that SQL cannot say, then SQL.
type migration struct {
	begin   string
	convert func(*conn) error // nil = nothing
	end     string
}

// migrations gives the steps: the n-th takes a file of version n to version n+1. Published ones are
// never changed.
func migrations() []migration {
	return []migration{{begin: schema1}, {begin: schema2, convert: hashTokens, end: schema2End}, {begin: schema3}, {begin: schema4}, {begin: schema5}, {begin: schema6}, {begin: schema7}, {begin: schema8}, {begin: schema9}}
}

// migrate brings the file to the newest version, each step in a transaction of its own.
func migrate(c *conn, file string) error {
	version, err := c.integer("PRAGMA user_version")
	if err != nil {
		return err
	}
	steps := migrations()
	newest := int64(len(steps))
	if version > newest {
		return fault.New(fault.StoreVersion, "%s has version %d, this program knows versions up to %d", filepath.Base(file), version, newest).
			WithHint("use the program that wrote it, or a newer one")
	}
	for ; version < newest; version++ {
		if err := steps[version].run(c, version+1); err != nil {
			return fmt.Errorf("migrating from version %d: %w", version, err)
		}
	}
	return nil
}

func (m migration) run(c *conn, version int64) error {
	if err := c.exec("BEGIN IMMEDIATE; " + m.begin); err != nil {
		return err
	}
	if m.convert != nil {
		if err := m.convert(c); err != nil {
			return errors.Join(err, c.exec("ROLLBACK"))
		}
	}
	return c.exec(fmt.Sprintf("%s PRAGMA user_version = %d; COMMIT", m.end, version))
}
