package wasm

import (
	"cmp"
	"runtime"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// Settings are what the operator decides about one plugin. The zero Settings grants nothing and has the defaults
// named here.
type Settings struct {
	// Grants holds for each granted capability its policy, which may be nil.
	Grants map[string]map[string]any
	// Digest pins the file: a plugin with another digest is refused. Empty = not pinned.
	Digest string

	Timeout     time.Duration // most for one call; 0 = what the command's manifest says, else 30 s
	MemoryMB    int           // most memory of one instance; 0 = what the manifest says, at most 64
	OutputBytes int           // most bytes of one result; 0 = 1 MiB
	LogBytes    int           // most bytes of log of one call, more is dropped; 0 = 64 KiB
	HostCalls   int           // most uses of capabilities in one call; 0 = 1,000
	Instances   int           // most calls at the same time; 0 = GOMAXPROCS
	Isolation   Isolation     // empty = what the manifest says

	// EngineInterrupt allows a plugin that cannot be made interruptible, to be stopped by the engine's own check. That
	// check makes the guest several times slower, and it does not see endless recursion: the plugin must be trusted.
	EngineInterrupt bool
}

// The defaults of Settings and the ceilings that are no settings.
const (
	defaultTimeout   = 30 * time.Second
	defaultMemoryMB  = 64
	defaultOutput    = 1 << 20
	defaultLog       = 64 << 10
	defaultHostCalls = 1_000

	startTimeout     = 10 * time.Second // of a new instance
	maxErrorObject   = 64 << 10
	maxOperation     = 128      // bytes of an operation's name
	maxPowerRequest  = 32 << 20 // bytes of one request to a capability
	maxHostFunctions = 200_000  // uses of host functions of all kinds in one call
	tableEntries     = 1 << 18
	pagesPerMB       = 16
	maxInstances     = 1_000 // of one plugin
)

// effective fills in the defaults.
func (s Settings) effective(m *Manifest) (Settings, error) {
	for _, n := range []struct {
		name  string
		value int64
		most  int64
	}{
		{"timeout", int64(s.Timeout), int64(maxTimeout)},
		{"memory", int64(s.MemoryMB), maxMemoryMB},
		{"output", int64(s.OutputBytes), 1 << 30},
		{"log", int64(s.LogBytes), 1 << 30},
		{"hostCalls", int64(s.HostCalls), maxHostFunctions / 2},
		{"instances", int64(s.Instances), maxInstances},
	} {
		if n.value < 0 || n.value > n.most {
			return s, fault.New(fault.ConfigValue, "%s of plugin %s is outside 0 to %d", n.name, m.Name, n.most).In("plugins." + m.Name + "." + n.name)
		}
	}
	switch s.Isolation = cmp.Or(s.Isolation, m.Isolation); s.Isolation {
	case Pooled, Fresh:
	default:
		return s, fault.New(fault.ConfigValue, "isolation of plugin %s is neither pooled nor fresh", m.Name).In("plugins." + m.Name + ".isolation")
	}
	s.MemoryMB = cmp.Or(s.MemoryMB, min(cmp.Or(m.MemoryMB, defaultMemoryMB), defaultMemoryMB))
	s.OutputBytes = cmp.Or(s.OutputBytes, defaultOutput)
	s.LogBytes = cmp.Or(s.LogBytes, defaultLog)
	s.HostCalls = cmp.Or(s.HostCalls, defaultHostCalls)
	s.Instances = cmp.Or(s.Instances, runtime.GOMAXPROCS(0))
	return s, nil
}

// timeout is the most that one call may take, the caller's own deadline aside.
func (s *Settings) timeout(command time.Duration) time.Duration {
	switch {
	case s.Timeout == 0:
		return cmp.Or(command, defaultTimeout)
	case command == 0:
		return s.Timeout
	default:
		return min(s.Timeout, command)
	}
}
