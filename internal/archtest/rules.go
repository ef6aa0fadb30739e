package archtest

// layers gives each tree its height. A package may import lower ones, and its own parents.
var layers = map[string]int{
	"runtime/value": 0,
	"runtime/fault": 0,

	"runtime/event":    1,
	"runtime/run":      1,
	"runtime/webhook":  1,
	"runtime/property": 1,

	"runtime/expr":            2,
	"runtime/iam":             2,
	"runtime/secret":          2,
	"runtime/command":         2,
	"runtime/store":           2,
	"runtime/broker":          2,
	"runtime/egress":          2,
	"runtime/schema":          2,
	"runtime/trigger":         3,
	"runtime/command/builtin": 4, "runtime/command/commandtest": 5,
	"runtime/store/sqlite": 4, "runtime/store/memory": 4, "runtime/store/storetest": 4, "runtime/store/all": 5,
	"runtime/broker/memory": 4, "runtime/broker/brokertest": 4, "runtime/broker/all": 5,
	"runtime/pipeline": 4, "runtime/pipeline/lint": 5, "runtime/pipeline/schema": 5,

	"runtime/wasm/capability": 2, "runtime/wasm/capability/mail": 4,
	"runtime/wasm/module": 2, "runtime/wasm/interrupt": 3, "runtime/wasm": 4,

	"ingress/verify/netlist": 3, "ingress/verify": 4, "ingress/internal/limit": 3, "ingress/internal/front": 4, "ingress/internal/form": 4,
	"ingress/kept": 4,
	"ingress/keys": 4, "ingress/decode": 4,
	"ingress": 5, "ingress/admin": 6, "ingress/judge": 6,
	"runtime/engine": 5,
	"configs":        5,

	"internal/testkit": 6,
	"internal/metrics": 6,
	"internal/world":   6,
	"internal/app":     7,
	"internal/lsp":     8, "internal/lsp/loose": 7,
	"internal/pipetest": 8,
	"internal/cli":      9,
	"cmd":               10,

	"internal/archtest": 0,
	"internal/docgen":   10,
	"internal/demo":     10,
	"internal/interop":  10,
	"internal/deps":     10,
	"examples":          10,
	"plugins":           10,
	"sdk/abi":           0,
}

// leafLibraries are the libraries that the lowest layer may use beside the standard library.
var leafLibraries = []string{
	"github.com/go-json-experiment/json/jsontext", // the coming encoding/json/jsontext; see docs/adr/0010
}

// fence keeps a library in its homes; tests say whether test files may use it anywhere.
type fence struct {
	library string
	homes   []string
	tests   bool
}

var fences = []fence{
	{"github.com/gofiber/fiber/v2", []string{"ingress"}, false},
	{"github.com/valyala/fasthttp", []string{"ingress"}, false},
	{"github.com/ThreeDotsLabs/watermill", []string{"runtime/broker", "runtime/engine"}, false},
	{"github.com/tetratelabs/wazero", []string{"runtime/wasm"}, false},
	{"github.com/knadh/koanf", []string{"configs"}, false},
	{"github.com/expr-lang/expr", []string{"runtime/expr"}, false},
	{"modernc.org/sqlite", []string{"runtime/store"}, false},
	{"database/sql", []string{"runtime/store", "runtime/broker"}, false},
	{"github.com/robfig/cron/v3", []string{"runtime/trigger"}, true},
	{"gopkg.in/yaml.v3", []string{"runtime/pipeline", "ingress/verify", "configs", "internal/cli", "internal/pipetest"}, true},
	{"github.com/emersion/go-smtp", []string{"runtime/wasm/capability/mail", "internal/testkit/smtpsink"}, true},
	{"github.com/emersion/go-sasl", []string{"runtime/wasm/capability/mail", "internal/testkit/smtpsink"}, true},
	{"github.com/prometheus/client_golang", []string{"internal/metrics"}, false},
	{"github.com/santhosh-tekuri/jsonschema/v6", []string{"runtime/schema"}, true},
	{"github.com/spf13/cobra", []string{"internal/cli"}, false},
	{"github.com/sourcegraph/jsonrpc2", []string{"internal/lsp"}, false},
	{"testing", []string{"runtime/store/storetest", "runtime/broker/brokertest", "runtime/command/commandtest", "internal/testkit"}, true},
}

// denied are imports that would point down and are still wrong.
type denial struct{ from, to, why string }

var denied = []denial{
	{"runtime", "ingress", "the runtime must not know the door"},
	{"runtime", "configs", "each package owns its Options"},
	{"runtime", "internal", "the runtime must stand without the program around it"},
	{"ingress", "runtime/engine", "use ingress.Emitter and ingress.Results"},
	{"ingress", "runtime/pipeline", "use ingress.Emitter"},
	{"ingress", "configs", "each package owns its Options"},
	{"configs", "runtime/engine", "settings know nobody's insides"},
	{"runtime/wasm", "sdk", "the one contract is sdk/abi, a document"},
}

// wayOut are the names of a library that connect to others; no names means the whole library.
type wayOut struct {
	library string
	names   []string
}

var outbound = []wayOut{
	{"net", []string{
		"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "Resolver", "DefaultResolver",
		"LookupAddr", "LookupCNAME", "LookupHost", "LookupIP", "LookupMX", "LookupNS", "LookupSRV", "LookupTXT",
		"ResolveIPAddr", "ResolveTCPAddr", "ResolveUDPAddr",
	}},
	{"net/http", []string{"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm"}},
	{"net/http/httputil", []string{"ReverseProxy", "NewSingleHostReverseProxy", "NewClientConn", "NewProxyClientConn"}},
	{"net/rpc", nil},
	{"net/smtp", nil},
	{"crypto/tls", []string{"Dial", "DialWithDialer", "Dialer"}},
	{"syscall", []string{"Connect", "Sendto"}},
	{"golang.org/x/sys/unix", []string{"Connect", "Sendto"}},
	{"github.com/valyala/fasthttp", []string{
		"Client", "HostClient", "PipelineClient", "LBClient", "TCPDialer", "Get", "GetTimeout", "GetDeadline", "Post",
		"Do", "DoTimeout", "DoDeadline", "DoRedirects", "Dial", "DialTimeout", "DialDualStack", "DialDualStackTimeout",
	}},
	{"github.com/gofiber/fiber/v2", []string{
		"Client", "Agent", "AcquireClient", "AcquireAgent", "Get", "Head", "Post", "Put", "Patch", "Delete",
	}},
	{"github.com/gofiber/fiber/v2/middleware/proxy", nil},
}

// outboundHomes may connect to others by themselves: each to an address of the configuration or of the
// command line, never to one that an event, a pipeline or a plugin names.
var outboundHomes = []string{
	"runtime/egress",
	"runtime/wasm/capability/mail", // the configured relay
	"internal/cli",                 // the configured admin API, and the URL that a person types
	"internal/app/doctor.go",       // the configured relay and listeners
	"internal/pipetest/door.go",    // its own listener, on the loopback interface
	"internal/demo",
	"internal/testkit",
}
