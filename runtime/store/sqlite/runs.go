package sqlite

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

const (
	runOwn     = `event_id, pipeline, event_key, version, status, attempt, identity, started, ended, next_at, code, message, step_index, steps`
	runState   = `, body, vars, position, payloads`
	runSaved   = runOwn + runState
	runHead    = runOwn + `, closed`
	runColumns = runHead + runState
)

// Save implements store.Runs. When ctx ends while the transaction is under way, the change may be
// written although an error is returned.
func (s *Store) Save(ctx context.Context, c store.Change) error {
	var steps, values []byte
	size := 0
	if c.Run != nil {
		r := *c.Run
		c.Run = &r // the caller may change its own when ctx ends early
		if len(r.Steps) > 0 {
			var err error
			if steps, err = json.Marshal(r.Steps); err != nil {
				return fault.Wrap(fault.Internal, err, "encoding the steps of a run")
			}
			if values, err = payloads(r.Steps); err != nil {
				return fault.Wrap(fault.Internal, err, "encoding the recorded values of a run")
			}
		}
		size = len(steps) + len(values) + len(r.Body) + len(r.Vars) + len(r.Position)
	}
	var accept *acceptance
	if c.Accept != nil {
		accept = &acceptance{event: *c.Accept, data: c.Accept.AppendJSON(nil)}
		size += len(accept.data) + len(c.Accept.Raw)
	}
	if c.Form != nil {
		size += len(c.Form.Event.Payload)
	}
	finished, refused := false, false // read only when the writer has let go of them
	err := s.write(ctx, size, func(w *writer) error {
		finished, refused = false, false
		if accept != nil {
			if err := accept.insert(w); err != nil || accept.refused {
				refused = accept.refused
				return err
			}
		}
		if c.Form != nil {
			formed, err := w.form(c.Form)
			if err != nil {
				return err
			}
			if !formed {
				finished = true
				return nil
			}
		}
		if c.Run != nil {
			n, err := w.saveRun(c.Run, steps, values)
			if err != nil {
				return err
			}
			if n == 0 {
				finished = true
				return nil
			}
			if err := w.endMembers(&c); err != nil {
				return err
			}
		}
		if c.Settle == "" {
			return nil
		}
		_, err := w.sql.settle.run(max(toMicros(c.At), 0), c.Settle)
		return err
	})
	switch {
	case err == nil && refused:
		return fullFault(nil)
	case err == nil && finished:
		return store.ErrFinished
	}
	return err
}

func (w *writer) saveRun(r *run.Run, steps, values []byte) (int64, error) {
	return w.sql.saveRun.run(r.EventID, r.Pipeline, r.EventKey, r.Version, string(r.Status), int64(r.Attempt), r.Identity,
		toMicros(r.Started), toMicros(r.Ended), toMicros(r.NextAt), r.Code, r.Message, int64(r.StepIndex), steps, r.Body, r.Vars, r.Position, values, r.EventID)
}

// RunsOf implements store.Runs.
func (s *Store) RunsOf(ctx context.Context, eventID string) ([]run.Run, error) {
	return list(ctx, s, "listing the runs of an event", scanRun,
		`SELECT `+runColumns+` FROM runs WHERE event_id = ? ORDER BY pipeline`, eventID)
}

// Run implements store.Runs.
func (s *Store) Run(ctx context.Context, eventID, pipeline string) (run.Run, error) {
	return one(ctx, s, "reading a run", scanRun,
		`SELECT `+runColumns+` FROM runs WHERE event_id = ? AND pipeline = ?`, eventID, pipeline)
}

// Due implements store.Runs.
func (s *Store) Due(ctx context.Context, q store.DueQuery) ([]run.Run, error) {
	if q.Turn != "" {
		return list(ctx, s, "listing runs that wait for their turn", scanRun,
			`SELECT `+runColumns+` FROM runs WHERE status = 'waiting' AND pipeline = ? AND next_at = 0 ORDER BY rowid LIMIT ?`, q.Turn, limitOf(q.Limit))
	}
	return list(ctx, s, "listing due runs", scanRun,
		`SELECT `+runColumns+` FROM runs WHERE status = 'waiting' AND next_at > 0 AND next_at <= ? ORDER BY next_at LIMIT ?`, toMicros(q.Now), limitOf(q.Limit))
}

// FindRuns implements store.Runs.
func (s *Store) FindRuns(ctx context.Context, q store.RunQuery) ([]run.Run, error) {
	var where []string
	var args []any
	if q.EventID != "" {
		where, args = append(where, `event_id = ?`), append(args, q.EventID)
	}
	if q.Pipeline != "" {
		where, args = append(where, `pipeline = ?`), append(args, q.Pipeline)
	}
	if q.Status != "" {
		where, args = append(where, `status = ?`), append(args, string(q.Status))
		if q.Status != run.Done {
			where = append(where, `status <> 'done'`) // the condition of the index runs_not_done
		}
	}
	if q.EventKey != "" {
		where, args = append(where, `event_key = ?`), append(args, q.EventKey)
	}
	if q.Code != "" {
		where, args = append(where, `code = ?`), append(args, q.Code)
	}
	if !q.Since.IsZero() {
		where, args = append(where, `ended >= ?`), append(args, toMicros(q.Since))
	}
	if !q.Until.IsZero() {
		where, args = append(where, `ended > 0 AND ended < ?`), append(args, toMicros(q.Until))
	}
	if q.Text != "" {
		where, args = append(where, `instr(lower(message), lower(?)) > 0`), append(args, q.Text)
	}
	if q.Open {
		where = append(where, `closed = ''`)
	}
	query := `SELECT ` + runHead + ` FROM runs`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	return list(ctx, s, "listing runs", scanRunHead, query+` ORDER BY event_seq DESC, pipeline LIMIT ?`, append(args, limitOf(q.Limit))...)
}

func scanRun(row scanner) (r run.Run, err error) {
	var values []byte
	if err = readRun(row, &r, &r.Body, &r.Vars, &r.Position, &values); err == nil {
		err = readPayloads(r.Steps, values)
	}
	return r, err
}

func scanRunHead(row scanner) (r run.Run, err error) {
	err = readRun(row, &r)
	return r, err
}

// readRun reads the columns of runHead and then those of more.
func readRun(row scanner, r *run.Run, more ...any) error {
	var started, ended, next int64
	var steps []byte
	dest := append([]any{
		&r.EventID, &r.Pipeline, &r.EventKey, &r.Version, &r.Status, &r.Attempt, &r.Identity,
		&started, &ended, &next, &r.Code, &r.Message, &r.StepIndex, &steps, &r.Closed,
	}, more...)
	if err := row.Scan(dest...); err != nil {
		return err
	}
	r.Started, r.Ended, r.NextAt = fromMicros(started), fromMicros(ended), fromMicros(next)
	if len(steps) == 0 {
		return nil
	}
	return json.Unmarshal(steps, &r.Steps)
}
