package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"golang.org/x/term"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// State is what a process is given. Nothing else of the process is read or written.
type State struct {
	Args    []string // without the program's name
	Environ []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Dir     string // where relative names on the command line begin; empty = the working directory
	Version string
	Now     func() time.Time

	StdoutIsTerminal bool
	StderrIsTerminal bool
}

// Process collects the state of this process. An empty version is taken from the build.
func Process(version string) State {
	if info, ok := debug.ReadBuildInfo(); ok && version == "" {
		version = info.Main.Version
	}
	return State{
		Args: os.Args[1:], Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Version: version, Now: time.Now,
		StdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd())), StderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Main runs one invocation and gives the exit code. It returns soon after ctx ends.
func Main(ctx context.Context, s State) (code int) {
	c := &cli{State: s}
	c.resolver = secret.NewResolver(secret.Options{Environ: func() []string { return s.Environ }, ReadFile: c.readFile})
	defer func() {
		if p := recover(); p != nil {
			code = c.panicked(p, debug.Stack())
		}
	}()
	root := c.root()
	root.SetArgs(rewriteSwitches(s.Args))
	return c.finish(ctx, root.ExecuteContext(ctx))
}

// cli is one invocation.
type cli struct {
	State

	file     string   // --config
	set      []string // --set
	output   string   // -o
	resolver *secret.Resolver
}

// panicked tells of a fault of our own. The trace is shown to who asks for it with Go's own variable.
func (c *cli) panicked(p any, stack []byte) int {
	code := c.finish(context.Background(), fault.New(fault.Internal, "the program failed in a way that nobody foresaw").
		WithHint("report it with the version and what you did; GOTRACEBACK=all shows where it happened"))
	if c.getenv("GOTRACEBACK") != "" {
		fmt.Fprintf(c.Stderr, "%s\n%s", c.resolver.Scrubber().Scrub(fmt.Sprint(p)), c.resolver.Scrubber().Scrub(string(stack)))
	}
	return code
}

func (c *cli) getenv(name string) string {
	text, _ := c.lookupEnv(name)
	return text
}

func (c *cli) lookupEnv(name string) (string, bool) {
	for i := len(c.Environ) - 1; i >= 0; i-- {
		if line := c.Environ[i]; len(line) > len(name) && line[:len(name)] == name && line[len(name)] == '=' {
			return line[len(name)+1:], true
		}
	}
	return "", false
}

func (c *cli) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Dir, name)
}

func (c *cli) readFile(name string) ([]byte, error) { return os.ReadFile(c.path(name)) }
