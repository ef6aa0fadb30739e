package wasm

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// ABI is the version of the contract that this host speaks.
const ABI = 1

// Isolation says whether an instance may serve one call after another.
type Isolation string

// The kinds of isolation. A pooled instance keeps its memory between calls.
const (
	Pooled Isolation = "pooled"
	Fresh  Isolation = "fresh"
)

// Manifest is how a plugin describes itself. It is data from the plugin, checked for its form.
type Manifest struct {
	Name         string
	Version      string
	ABI          int
	SDK          string // what made the plugin; may be empty
	Summary      string
	Commands     []Command
	Capabilities []string // that it asks for, sorted
	MemoryMB     int      // that it asks for; 0 = no wish
	Isolation    Isolation
}

// Command is one command of a plugin.
type Command struct {
	Spec command.Spec
	Body bool // the guest reads the body
}

type manifestJSON struct {
	Name         string        `json:"name"`
	Version      string        `json:"version"`
	ABI          int           `json:"abi"`
	SDK          string        `json:"sdk"`
	Summary      string        `json:"summary"`
	Commands     []commandJSON `json:"commands"`
	Capabilities []string      `json:"capabilities"`
	Limits       struct {
		MemoryMB int `json:"memoryMB"`
	} `json:"limits"`
	Isolation Isolation `json:"isolation"`
}

type commandJSON struct {
	Name      string          `json:"name"`
	Summary   string          `json:"summary"`
	Params    json.RawMessage `json:"params"`
	Result    string          `json:"result"`
	Body      bool            `json:"body"`
	Effect    bool            `json:"effect"`
	Shorthand string          `json:"shorthand"`
	TimeoutMs int64           `json:"timeoutMs"`
	Examples  []exampleJSON   `json:"examples"`
}

type exampleJSON struct {
	Title    string          `json:"title"`
	Params   json.RawMessage `json:"params"`
	Body     json.RawMessage `json:"body"`
	Want     json.RawMessage `json:"want"`
	WantCode string          `json:"wantCode"`
}

const (
	maxManifest = 256 << 10
	maxCommands = 256
	maxText     = 1_024
	maxMemoryMB = 1_024
	maxTimeout  = 24 * time.Hour
)

var (
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*$`)
	versionForm = regexp.MustCompile(`^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}([-+][0-9A-Za-z.+-]{1,64})?$`)
)

// ParseManifest reads and checks the JSON text of a manifest. Unknown names are ignored on the manifest's own
// levels and refused in parameter schemas, where they could be constraints. Errors have fault.PluginInvalid, or
// fault.PluginABI for another version of the ABI.
func ParseManifest(data []byte) (Manifest, error) {
	if len(data) > maxManifest {
		return Manifest{}, invalid("the manifest has %d bytes, allowed are %d", len(data), maxManifest)
	}
	if _, err := value.Decode(data); err != nil { // depth, doubled names, UTF-8, trailing data
		return Manifest{}, fault.Wrap(fault.PluginInvalid, err, "reading the manifest")
	}
	var j manifestJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return Manifest{}, invalid("the manifest does not have the form of sdk/abi/manifest.schema.json")
	}
	if j.ABI != ABI {
		return Manifest{}, fault.New(fault.PluginABI, "the plugin speaks ABI %d, this host speaks %d", j.ABI, ABI)
	}
	return j.manifest()
}

func (j *manifestJSON) manifest() (Manifest, error) {
	m := Manifest{
		Name: j.Name, Version: j.Version, ABI: j.ABI, SDK: j.SDK, Summary: j.Summary,
		MemoryMB: j.Limits.MemoryMB, Isolation: j.Isolation,
	}
	if m.Isolation == "" {
		m.Isolation = Pooled
	}
	switch {
	case !goodName(j.Name):
		return m, invalid("the plugin's name is not made of lower case words joined by dots")
	case !versionForm.MatchString(j.Version):
		return m, invalid("the version of %s does not have the form 1.2.3", j.Name)
	case !goodText(j.SDK), !goodText(j.Summary):
		return m, invalid("sdk or summary of %s is longer than %d bytes or holds control characters", j.Name, maxText)
	case len(j.Commands) == 0 || len(j.Commands) > maxCommands:
		return m, invalid("%s has %d commands, allowed are 1 to %d", j.Name, len(j.Commands), maxCommands)
	case j.Limits.MemoryMB < 0 || j.Limits.MemoryMB > maxMemoryMB:
		return m, invalid("%s asks for %d MB of memory, possible are 0 to %d", j.Name, j.Limits.MemoryMB, maxMemoryMB)
	case m.Isolation != Pooled && m.Isolation != Fresh:
		return m, invalid("the isolation of %s is neither pooled nor fresh", j.Name)
	}
	m.Capabilities = slices.Compact(slices.Sorted(slices.Values(j.Capabilities)))
	for _, c := range m.Capabilities {
		if !goodName(c) {
			return m, invalid("a capability of %s is not made of lower case words joined by dots", j.Name)
		}
	}
	var defs []command.Definition
	seen := map[string]bool{}
	for i := range j.Commands {
		c, err := j.Commands[i].command()
		if err != nil {
			return m, err
		}
		if seen[c.Spec.Name] {
			return m, invalid("two commands of %s are called %q", j.Name, c.Spec.Name)
		}
		seen[c.Spec.Name] = true
		m.Commands = append(m.Commands, c)
		defs = append(defs, command.Definition{Spec: c.Spec})
	}
	if _, err := command.NewRegistry(defs...); err != nil { // what would be refused when the commands are put to use
		return m, fault.Wrap(fault.PluginInvalid, err, "checking the commands of %s", j.Name)
	}
	return m, nil
}

func (j *commandJSON) command() (Command, error) {
	spec := command.Spec{
		Name: j.Name, Summary: j.Summary, Shorthand: j.Shorthand, Result: j.Result,
		Effect: j.Effect, Timeout: time.Duration(j.TimeoutMs) * time.Millisecond,
	}
	switch {
	case !goodName(j.Name):
		return Command{}, invalid("a command's name is not made of lower case words joined by dots")
	case j.Summary == "" || !goodText(j.Summary) || !goodText(j.Result):
		return Command{}, invalid("summary or result of command %s is missing, too long or holds control characters", j.Name)
	case j.TimeoutMs < 0 || j.TimeoutMs > maxTimeout.Milliseconds():
		return Command{}, invalid("the timeout of command %s is below 0 or above a day", j.Name)
	}
	var err error
	if spec.Params, spec.Open, err = parseParams(j.Params); err != nil {
		return Command{}, fault.Wrap(fault.PluginInvalid, err, "reading the parameters of command %s", j.Name)
	}
	if j.Shorthand != "" && !slices.ContainsFunc(spec.Params, func(p command.Param) bool { return p.Name == j.Shorthand }) {
		return Command{}, invalid("the shorthand of command %s is not one of its parameters", j.Name)
	}
	for _, e := range j.Examples {
		if !goodText(e.Title) || !goodText(e.WantCode) {
			return Command{}, invalid("an example of command %s has a title or code that is too long", j.Name)
		}
		spec.Examples = append(spec.Examples, e.example(j.Name))
	}
	return Command{Spec: spec, Body: j.Body}, nil
}

// example writes a pipeline of one step. JSON is YAML, so the parameters stand in it as they are.
func (e *exampleJSON) example(name string) command.Example {
	params := string(e.Params)
	if params == "" {
		params = "{}"
	}
	return command.Example{
		Title: e.Title, Pipeline: "pipeline:\n  - " + name + ": " + params + "\n",
		Body: string(e.Body), Want: string(e.Want), WantCode: e.WantCode,
	}
}

func goodName(s string) bool { return len(s) <= 100 && nameForm.MatchString(s) }

func goodText(s string) bool {
	return len(s) <= maxText && !slices.ContainsFunc([]rune(s), func(r rune) bool { return r < ' ' || r == 0x7f })
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.PluginInvalid, format, args...).WithHint("see sdk/abi/ABI.md for the form")
}
