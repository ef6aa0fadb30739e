package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ABI is the version of the contract with the host, and SDK names this SDK.
const (
	ABI = 1
	SDK = "go/0.1.0"
)

type manifest struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	ABI          int               `json:"abi"`
	SDK          string            `json:"sdk"`
	Summary      string            `json:"summary"`
	Commands     []manifestCommand `json:"commands"`
	Capabilities []string          `json:"capabilities"`
	Limits       *manifestLimits   `json:"limits,omitempty"`
	Isolation    string            `json:"isolation"`
}

type manifestLimits struct {
	MemoryMB int `json:"memoryMB"`
}

type manifestCommand struct {
	Name      string          `json:"name"`
	Summary   string          `json:"summary"`
	Params    json.RawMessage `json:"params"`
	Result    string          `json:"result"`
	Body      bool            `json:"body"`
	Effect    bool            `json:"effect"`
	Shorthand string          `json:"shorthand,omitempty"`
	TimeoutMs int64           `json:"timeoutMs,omitempty"`
	Examples  []Example       `json:"examples,omitempty"`
}

// Manifest gives the JSON text that describes the plugin, or everything that is wrong with the
// description.
func (p Plugin) Manifest() ([]byte, error) {
	m := manifest{
		Name: p.Name, Version: p.Version, ABI: ABI, SDK: SDK, Summary: p.Summary,
		Capabilities: p.Capabilities, Isolation: "pooled",
	}
	if p.Capabilities == nil {
		m.Capabilities = []string{}
	}
	if p.Fresh {
		m.Isolation = "fresh"
	}
	if p.MemoryMB > 0 {
		m.Limits = &manifestLimits{p.MemoryMB}
	}
	if err := errors.Join(p.check()...); err != nil {
		return nil, err
	}
	for i := range p.Commands {
		c := &p.Commands[i]
		params, err := c.Parameters()
		if err != nil {
			return nil, fmt.Errorf("command %q: %w", c.Name, err)
		}
		text, err := schema(params, c.Open)
		if err != nil {
			return nil, fmt.Errorf("command %q: %w", c.Name, err)
		}
		m.Commands = append(m.Commands, manifestCommand{
			Name: c.Name, Summary: c.Summary, Params: text, Result: c.Result, Body: c.Body, Effect: c.Effect,
			Shorthand: c.Shorthand, TimeoutMs: c.Timeout.Milliseconds(), Examples: c.Examples,
		})
	}
	return json.Marshal(m)
}

// Parameters gives the command's parameters: those given by hand, else those of its handler's struct.
func (c *Command) Parameters() ([]Param, error) {
	if c.Params != nil {
		return c.Params, nil
	}
	if c.Run.run == nil {
		return nil, errors.New("it has no handler")
	}
	if c.Run.params == nil {
		return nil, errors.New("the parameters of a raw handler are not described")
	}
	return c.Run.params()
}

// reserved are the parameters that every step of a pipeline has.
const reserved = "id if eval onError input output timeout retry"

// validName reports whether s is lower case words joined by dots.
func validName(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" || word[0] < 'a' || word[0] > 'z' {
			return false
		}
		for _, c := range []byte(word) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// validVersion reports whether s is three numbers joined by dots, with or without a tail behind - or +.
func validVersion(s string) bool {
	if i := strings.IndexAny(s, "-+"); i >= 0 {
		s = s[:i]
	}
	numbers := strings.Split(s, ".")
	for _, n := range numbers {
		if n == "" || strings.Trim(n, "0123456789") != "" {
			return false
		}
	}
	return len(numbers) == 3
}

func (p Plugin) check() []error {
	var faults []error
	if !validName(p.Name) {
		faults = append(faults, fmt.Errorf("plugin name %q: use lower case words joined by dots", p.Name))
	}
	if !validVersion(p.Version) {
		faults = append(faults, fmt.Errorf("version %q: use three numbers, such as 1.0.0", p.Version))
	}
	if len(p.Commands) == 0 {
		faults = append(faults, errors.New("the plugin has no command"))
	}
	seen := map[string]bool{}
	for i := range p.Commands {
		c := &p.Commands[i]
		if seen[c.Name] {
			faults = append(faults, fmt.Errorf("two commands are called %q", c.Name))
		}
		seen[c.Name] = true
		params, err := c.Parameters()
		if err == nil {
			err = c.check(params)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("command %q: %w", c.Name, err))
		}
	}
	return faults
}

func (c *Command) check(params []Param) error {
	switch {
	case !validName(c.Name):
		return errors.New("use lower case words joined by dots as its name")
	case c.Summary == "":
		return errors.New("it has no summary")
	case c.Run.run == nil:
		return errors.New("it has no handler")
	}
	if c.Run.hasResult != nil {
		if err := c.Run.hasResult(c.Result != ""); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for _, p := range params {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			switch {
			case names[name] || name == "":
				return fmt.Errorf("the parameter name %q is empty or taken twice", name)
			case slices.Contains(strings.Fields(reserved), name):
				return fmt.Errorf("the parameter name %q belongs to every step", name)
			}
			names[name] = true
		}
	}
	if c.Shorthand != "" && !names[c.Shorthand] {
		return fmt.Errorf("the shorthand %q is not a parameter", c.Shorthand)
	}
	return nil
}
