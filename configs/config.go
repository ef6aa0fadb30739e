package configs

import (
	"time"

	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/secret"
)

// Config is every setting of the product; default.yaml says what each one means. It is made by
// [Load] and not changed afterwards.
type Config struct {
	Version   int               `koanf:"version" values:"1"`
	Namespace string            `koanf:"namespace"`
	Instance  Instance          `koanf:"instance"`
	Log       Log               `koanf:"log"`
	Store     Store             `koanf:"store"`
	Broker    Broker            `koanf:"broker"`
	Ingress   Ingress           `koanf:"ingress"`
	Admin     Admin             `koanf:"admin"`
	Pipelines Pipelines         `koanf:"pipelines"`
	Webhooks  Webhooks          `koanf:"webhooks"`
	Plugins   Plugins           `koanf:"plugins"`
	SMTP      SMTP              `koanf:"smtp"`
	IAM       IAM               `koanf:"iam"`
	Secrets   map[string]Secret `koanf:"secrets"`
	Engine    Engine            `koanf:"engine"`
	Jobs      Jobs              `koanf:"jobs"`
	Result    Result            `koanf:"result"`
	Egress    Egress            `koanf:"egress"`

	tree    map[string]any    // merged layers, leaves are of type leaf
	origins map[string]origin // by joined path
}

// Instance is what expressions are told about the server.
type Instance struct {
	Stage    string            `koanf:"stage"`
	Domain   string            `koanf:"domain"`
	Profiles []string          `koanf:"profiles"`
	URLs     map[string]string `koanf:"urls"`
	Env      []string          `koanf:"env"`
}

// Log is what the process writes about itself.
type Log struct {
	Level  string `koanf:"level" values:"debug|info|warn|error"`
	Format string `koanf:"format" values:"auto|text|json"`
}

// Store is where everything accepted is kept.
type Store struct {
	Type       string        `koanf:"type" form:"required"`
	Dir        string        `koanf:"dir" form:"path"`
	Reserve    Size          `koanf:"reserve" min:"0"`
	Retention  time.Duration `koanf:"retention" min:"1m"`
	MaxRejects int           `koanf:"max_rejects" min:"1" max:"1000000"`
}

// Broker is what carries messages. [Config.Broker].Section gives a back end's own settings.
type Broker struct {
	Type     string         `koanf:"type" form:"required"`
	Prefix   string         `koanf:"prefix"`
	Backends map[string]any `koanf:",remain"` // by back end; decode with Config.Section
}

// Ingress is the public listener.
type Ingress struct {
	Address             string        `koanf:"address" form:"address"`
	URL                 string        `koanf:"url" form:"url"`
	ReadTimeout         time.Duration `koanf:"read_timeout" min:"100ms" max:"10m"`
	WriteTimeout        time.Duration `koanf:"write_timeout" min:"100ms" max:"10m"`
	IdleTimeout         time.Duration `koanf:"idle_timeout" min:"1s" max:"1h"`
	MaxConnections      int           `koanf:"max_connections" min:"1" max:"1000000"`
	MaxConnectionsPerIP int           `koanf:"max_connections_per_ip" min:"1" max:"1000000"`
	MaxHeaderSize       Size          `koanf:"max_header_size" min:"1KiB" max:"1MiB"`
	MaxHeaderFields     int           `koanf:"max_header_fields" min:"10" max:"1000"`
	MaxInflated         Size          `koanf:"max_inflated" min:"1KiB" max:"64MiB"`
	MaxInflateRatio     int           `koanf:"max_inflate_ratio" min:"1" max:"100000"`
	MaxWaiting          int           `koanf:"max_waiting" min:"1" max:"100000"`
	TrustedProxies      []string      `koanf:"trusted_proxies" form:"networks"`
	Presets             string        `koanf:"presets" form:"path"`
	FailureBudget       FailureBudget `koanf:"failure_budget"`
	PayloadTTL          time.Duration `koanf:"payload_ttl" min:"1m" max:"8760h"`
	KeepRejected        bool          `koanf:"keep_rejected"`
	KeepRejectedSize    Size          `koanf:"keep_rejected_size" min:"1MiB" max:"64GiB"`
}

// FailureBudget is how many unknown tokens and wrong signatures one address may send.
type FailureBudget struct {
	Count  int           `koanf:"count" min:"1" max:"1000000"`
	Window time.Duration `koanf:"window" min:"1s" max:"24h"`
	Probes int           `koanf:"probes" min:"1" max:"1000000"`
}

// Admin is the second listener and how the CLI reaches it.
type Admin struct {
	Address  string       `koanf:"address" form:"address"`
	Hosts    []string     `koanf:"hosts"`
	Token    secret.Value `koanf:"token"`
	Metrics  secret.Value `koanf:"metrics_token"`
	Identity string       `koanf:"identity" form:"required"`
	URL      string       `koanf:"url" form:"url"`
}

// Pipelines is where pipeline files are, and what callers may do with them over HTTP.
type Pipelines struct {
	Dir         string        `koanf:"dir" form:"path"`
	AdHoc       bool          `koanf:"ad_hoc"`
	MaxCallers  int           `koanf:"max_callers" min:"1" max:"10000"`
	CallTimeout time.Duration `koanf:"call_timeout" min:"1s" max:"1h"`
	Versions    int           `koanf:"versions" min:"1" max:"100000"`
	VersionAge  time.Duration `koanf:"version_age" min:"1h" max:"87600h"`
}

// Webhooks is where the files are that declare webhooks.
type Webhooks struct {
	Dir string `koanf:"dir" form:"path"`
}

// Plugins is where plugins are and what they may do.
type Plugins struct {
	Dir    string           `koanf:"dir" form:"path"`
	Cache  string           `koanf:"cache" form:"optional path"`
	Limits Limits           `koanf:"limits"`
	Grants map[string]Grant `koanf:"grants"`
}

// Limits bound one call of a plugin, Instances its pool. In a [Grant] zero means "as in
// plugins.limits".
type Limits struct {
	Timeout   time.Duration `koanf:"timeout" min:"1ms" max:"1h"`
	Memory    Size          `koanf:"memory" min:"64KiB" max:"4GiB"`
	Output    Size          `koanf:"output" min:"1KiB" max:"256MiB"`
	Log       Size          `koanf:"log" min:"0" max:"16MiB"`
	HostCalls int           `koanf:"host_calls" min:"0" max:"1000000"`
	Instances int           `koanf:"instances" min:"1" max:"1024"`
}

// Grant is what one plugin may do.
type Grant struct {
	Limits       Limits                    `koanf:"limits"`
	Capabilities map[string]map[string]any `koanf:",remain"` // policy by capability
}

// SMTP is the mail relay.
type SMTP struct {
	Host        string        `koanf:"host"`
	Port        int           `koanf:"port" min:"1" max:"65535"`
	TLS         string        `koanf:"tls" values:"none|starttls|tls"`
	Username    string        `koanf:"username"`
	Password    secret.Value  `koanf:"password"`
	From        string        `koanf:"from"`
	FromName    string        `koanf:"from_name"`
	Timeout     time.Duration `koanf:"timeout" min:"100ms" max:"10m"`
	Connections int           `koanf:"connections" min:"1" max:"100"`
	CAFile      string        `koanf:"ca_file" form:"optional path"`
}

// IAM is who may do what; iam.NewPolicy compiles it.
type IAM struct {
	Roles      map[string][]string     `koanf:"roles"`
	Identities map[string]iam.Identity `koanf:"identities"`
}

// Secret is what a command may show to another server.
type Secret struct {
	Value      secret.Value `koanf:"value" form:"required"`
	Format     string       `koanf:"format" values:"bearer|header|username-password"`
	Header     string       `koanf:"header"`
	Hosts      []string     `koanf:"hosts"`
	Identities []string     `koanf:"identities"`
}

// Engine is how runs are executed and repeated.
type Engine struct {
	Workers     int           `koanf:"workers" min:"1" max:"10000"`
	Attempts    int           `koanf:"attempts" min:"1" max:"100"`
	Backoff     time.Duration `koanf:"backoff" min:"1ms" max:"24h"`
	MaxBackoff  time.Duration `koanf:"max_backoff" min:"1ms" max:"168h"`
	StepTimeout time.Duration `koanf:"step_timeout" min:"1ms" max:"24h"`
	MaxSteps    int           `koanf:"max_steps" min:"1"`
	MaxHops     int           `koanf:"max_hops" min:"1" max:"10000"`
	Grace       time.Duration `koanf:"grace" min:"0s" max:"1h"`
	Poll        time.Duration `koanf:"poll" min:"10ms" max:"1m"`
	Record      string        `koanf:"record" values:"none|failures|all"`
	RecordLimit Size          `koanf:"record_limit" min:"64B" max:"1MiB"`
}

// Jobs is how pipelines start at certain times.
type Jobs struct {
	TimeZone  string `koanf:"time_zone" form:"zone"`
	MaxMissed int    `koanf:"max_missed" min:"1" max:"10000"`
}

// Result is how long results can be polled.
type Result struct {
	TTL time.Duration `koanf:"ttl" min:"1s" max:"8760h"`
}

// Egress is what the program itself may reach.
type Egress struct {
	AllowHosts    []string      `koanf:"allow_hosts"`
	AllowNetworks []string      `koanf:"allow_networks" form:"networks"`
	Timeout       time.Duration `koanf:"timeout" min:"100ms" max:"5m"`
}
