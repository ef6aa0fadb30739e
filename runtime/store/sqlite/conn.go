package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// conn is the writer's connection. It uses the driver without database/sql, whose locking and
// argument handling cost a third of an accept. One goroutine at a time.
type conn struct {
	c    driver.Conn
	open map[*stmt]bool
}

// dataSource names the file with the settings that every connection needs.
func dataSource(file string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "synchronous(FULL)", "journal_mode(WAL)"}, pragmas...)}
	return "file:" + (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath() + "?" + q.Encode()
}

func openConn(file string) (*conn, error) {
	c, err := (&sqlite.Driver{}).Open(dataSource(file, "wal_autocheckpoint(0)", "cache_size(-16384)", "foreign_keys(0)"))
	if err != nil {
		return nil, err
	}
	return &conn{c: c, open: map[*stmt]bool{}}, nil
}

// close ends the statements as well: SQLite keeps the files open as long as there is one.
func (c *conn) close() error {
	var errs []error
	for s := range c.open {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

// exec runs one or more statements without arguments.
func (c *conn) exec(query string) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.run()
	return errors.Join(err, s.close())
}

// integer gives the first column of the first row.
func (c *conn) integer(query string) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	var row [1]driver.Value
	found, err := s.row(row[:])
	if err := errors.Join(err, s.close()); err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !found || !ok {
		return 0, fmt.Errorf("%s gave no number", query)
	}
	return n, nil
}

// stmt is a prepared statement with room for its arguments.
type stmt struct {
	c    *conn
	s    driver.Stmt
	exec driver.StmtExecContext
	ask  driver.StmtQueryContext
	args []driver.NamedValue
}

func (c *conn) prepare(query string) (*stmt, error) {
	p, err := c.c.Prepare(query)
	if err != nil {
		return nil, err
	}
	s := &stmt{c: c, s: p}
	c.open[s] = true
	var ok1, ok2 bool
	s.exec, ok1 = p.(driver.StmtExecContext)
	s.ask, ok2 = p.(driver.StmtQueryContext)
	if !ok1 || !ok2 {
		return nil, errors.New("the SQL driver lacks a method")
	}
	return s, nil
}

func (s *stmt) close() error {
	delete(s.c.open, s)
	return s.s.Close()
}

func (s *stmt) bind(values []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, v := range values {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return s.args
}

// run executes the statement and gives the number of changed rows.
func (s *stmt) run(values ...driver.Value) (int64, error) {
	r, err := s.exec.ExecContext(context.Background(), s.bind(values))
	clear(s.args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row reads the first row into dest; found is false when there is none.
func (s *stmt) row(dest []driver.Value, values ...driver.Value) (found bool, err error) {
	rows, err := s.ask.QueryContext(context.Background(), s.bind(values))
	clear(s.args)
	if err != nil {
		return false, err
	}
	err = rows.Next(dest)
	if errors.Is(err, io.EOF) {
		return false, rows.Close()
	}
	return err == nil, errors.Join(err, rows.Close())
}
