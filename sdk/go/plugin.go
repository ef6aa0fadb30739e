package plugin

import "time"

// Plugin describes a module and holds its commands.
type Plugin struct {
	Name         string // noun.verb for a plugin of one command, a noun for several; lower case words joined by dots
	Version      string // semantic version, such as 1.0.0
	Summary      string // one sentence
	Commands     []Command
	Capabilities []string // what the plugin asks for, such as "mail"; the operator grants it or not
	MemoryMB     int      // the most memory the plugin asks for; 0 leaves it to the host
	Fresh        bool     // asks for a new instance for each call, where a pool of instances is the rule
}

// Command describes one command. Documentation, lint and completion are made from it.
type Command struct {
	Name      string        // group.verb: lower case words joined by dots
	Summary   string        // one sentence
	Params    []Param       // nil takes them from the struct of a [Typed] handler
	Open      bool          // takes parameters beyond Params
	Shorthand string        // the parameter that a single scalar stands for; empty = no short form
	Result    string        // one sentence on what becomes the body; empty = the body stays as it was
	Body      bool          // the handler reads the pipeline's body
	Effect    bool          // changes the world outside the run
	Timeout   time.Duration // for one call; 0 leaves it to the host
	Examples  []Example
	Run       Handler
}

// Example shows a use of a command. The host's tests may run it.
type Example struct {
	Title    string         `json:"title"`
	Params   map[string]any `json:"params"`
	Body     any            `json:"body,omitempty"`
	Want     any            `json:"want,omitempty"`     // the body afterwards
	WantCode string         `json:"wantCode,omitempty"` // or the code of the failure
}

// exported is what the module answers with. It is set once, before the first call.
var exported *Plugin //nolint:gochecknoglobals // a module's exports have nowhere else to look

// Exported is the result of [Export], which lets it stand in a package variable.
type Exported struct{}

// Export makes p what the module offers. It is called once, while the packages are initialised; a second
// call panics. A fault in p comes to light when the module is packed, and in plugintest.New.
func Export(p Plugin) Exported {
	if exported != nil {
		panic("plugin: Export was called twice")
	}
	exported = &p
	return Exported{}
}
