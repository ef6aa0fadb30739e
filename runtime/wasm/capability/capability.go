package capability

import "context"

// Capability is one kind of power that plugins may ask for. It may be used from many goroutines.
type Capability interface {
	// Name is the word before the first dot of its operations, lower case, for example "mail".
	Name() string
	// Grant binds the capability to one plugin under policy, the configuration below
	// plugins.<plugin>.grants.<name>. It refuses unknown keys and wrong types with fault.ConfigValue (or a
	// neighbour of that code) and does no network work. A nil policy grants with the capability's defaults,
	// which must be the narrowest useful ones.
	Grant(policy map[string]any) (Power, error)
}

// Power is a granted capability of one plugin. It may be used from many goroutines.
type Power interface {
	// Call does the operation op, whose name begins with the capability's and a dot. request is untrusted
	// JSON from the guest; Call may keep it but must bound what it makes of it. The response is one JSON
	// text, handed to the guest as {"ok": response}; nil means null.
	//
	// An error goes to the guest as {"error":{code,message,retryable}}: its fault.Code, its Message without
	// the cause, and whether it is retryable. The host logs the whole error. An unknown op gives
	// fault.PluginDenied. Call returns soon after ctx ends: while it runs, the whole guest stands still.
	Call(ctx context.Context, op string, request []byte) ([]byte, error)
}

// Caller says in whose name a power is used. The host sets it; nothing in it comes from the guest.
type Caller struct {
	Plugin   string // name in the manifest
	Command  string
	Pipeline string
	RunID    string // with Step an idempotency key for calls to other systems
	Step     int
	Attempt  int // of the run, from 1
	Identity string
}

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom gives the caller that the host put into ctx, and the zero Caller outside of a call.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
