package child

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// mark stands in front of a child's arguments.
const mark = "penstock-test-child"

// reports is the file descriptor on which a child reports.
const reports = 3

// Args gives the arguments of Start in a child; ok is false in the test itself.
func Args() (args []string, ok bool) {
	args = flag.Args()
	if len(args) == 0 || args[0] != mark {
		return nil, false
	}
	return args[1:], true
}

// Reporter gives, in a child, the function that sends a line to the parent. It returns after the line
// is in the pipe, so that it survives the child. It may be used from many goroutines; an error means
// that the parent is gone.
func Reporter() func(line string) error {
	f := os.NewFile(reports, "reports")
	return func(line string) error {
		_, err := f.WriteString(line + "\n") // short writes to a pipe are atomic
		return err
	}
}

// Process is a running child, used by one goroutine.
type Process struct {
	// Stdin reaches the child's standard input.
	Stdin io.WriteCloser

	t       *testing.T
	cmd     *exec.Cmd
	lines   *bufio.Scanner
	output  bytes.Buffer
	waiting sync.Once
	err     error
}

// Start runs the calling test, which must not be a subtest, in a new process. prepare may change the
// command before it starts; nil changes nothing.
func Start(t *testing.T, prepare func(*exec.Cmd), args ...string) *Process {
	t.Helper()
	p, err := TryStart(t, prepare, args...)
	if err != nil {
		t.Fatalf("starting a child: %v", err)
	}
	return p
}

// TryStart is Start for a prepare that the system may refuse.
func TryStart(t *testing.T, prepare func(*exec.Cmd), args ...string) (*Process, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &Process{t: t, lines: bufio.NewScanner(r)}
	p.cmd = exec.CommandContext(t.Context(), self, append([]string{
		"-test.run=^" + t.Name() + "$", "-test.count=1", "-test.timeout=2m", "-test.v", "--", mark,
	}, args...)...)
	p.cmd.ExtraFiles = []*os.File{w}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if p.Stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	if prepare != nil {
		prepare(p.cmd)
	}
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	t.Cleanup(func() {
		p.Kill()
		r.Close()
		if t.Failed() {
			t.Logf("output of the child:\n%s", p.output.String())
		}
	})
	return p, nil
}

// Line gives the next reported line; ok is false when the child has ended and everything is read.
func (p *Process) Line() (line string, ok bool) {
	if !p.lines.Scan() {
		return "", false
	}
	return p.lines.Text(), true
}

// Kill ends the child with a signal that it cannot catch. What it reported before can still be read.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	p.wait()
}

// Wait waits for the child's own end and fails the test when the child failed or ran no test.
func (p *Process) Wait() {
	p.t.Helper()
	p.Stdin.Close()
	if err := p.wait(); err != nil {
		p.t.Fatalf("the child failed: %v", err)
	}
	if !bytes.Contains(p.output.Bytes(), fmt.Appendf(nil, "--- PASS: %s", p.t.Name())) {
		p.t.Fatal("the child ran no test")
	}
}

func (p *Process) wait() error {
	p.waiting.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal to the child.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }
