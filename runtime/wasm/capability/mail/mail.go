package mail

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// TLSMode says how the connection to the relay is secured.
type TLSMode string

// The modes. StartTLS is the default: a relay that does not offer it is not used.
const (
	StartTLS TLSMode = "starttls"
	TLS      TLSMode = "tls"  // from the first byte
	NoTLS    TLSMode = "none" // with a login only on the loopback interface
)

// Options says how mail leaves. The zero Options has no relay: every use fails with fault.MailConfig.
type Options struct {
	Host        string
	Port        int     // default 587 with StartTLS, 465 with TLS, 25 without
	TLS         TLSMode // default StartTLS
	Username    string  // empty = no login
	Password    string
	From        string        // default sender, and the only one of a grant without senders
	FromName    string        // default display name
	HelloName   string        // what the relay is greeted with; default localhost
	Timeout     time.Duration // of one submission, waiting for a connection included; default 30 s
	Connections int           // most connections at a time; default 4
	IdleTimeout time.Duration // a connection unused for longer is not used again; default 30 s
	RootCAs     *x509.CertPool
	Logger      *slog.Logger
	Now         func() time.Time
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)

	// Deliver takes messages in place of a relay, when they have passed everything else: nothing leaves. The
	// message is shared with nobody. It may be called from many goroutines.
	Deliver func(ctx context.Context, from string, recipients []string, message []byte) error
}

// Mail is the capability "mail". It may be used from many goroutines; the owner closes it.
type Mail struct {
	options Options
	relay   *relay // nil without a Host, and with Deliver
}

var _ capability.Capability = (*Mail)(nil)

// New checks the options. It makes no connection. Errors carry fault.ConfigValue and the configuration's key.
func New(o Options) (*Mail, error) {
	if o.TLS == "" {
		o.TLS = StartTLS
	}
	ports := map[TLSMode]int{StartTLS: 587, TLS: 465, NoTLS: 25}
	port, known := ports[o.TLS]
	if !known {
		return nil, fault.New(fault.ConfigValue, "unknown TLS mode %q", o.TLS).In("smtp.tls").
			WithHint("use %s, %s or %s", StartTLS, TLS, NoTLS)
	}
	if o.Port == 0 {
		o.Port = port
	}
	if o.Port < 1 || o.Port > 65535 {
		return nil, fault.New(fault.ConfigValue, "%d is not a port", o.Port).In("smtp.port")
	}
	if o.TLS == NoTLS && o.Username != "" && !isLoopback(o.Host) {
		return nil, fault.New(fault.ConfigValue, "a login needs TLS").In("smtp.tls").
			WithHint("use %s or %s, or take smtp.username out", StartTLS, TLS)
	}
	if o.From != "" && !validAddress(o.From) {
		return nil, fault.New(fault.ConfigValue, "the default sender is not a mail address").In("smtp.from").
			WithHint("write name@company.tld")
	}
	if !isPrintable(o.FromName) {
		return nil, fault.New(fault.ConfigValue, "the default sender's name holds a control character").In("smtp.from_name")
	}
	if o.HelloName == "" {
		o.HelloName = "localhost"
	}
	if !validDomain(o.HelloName) {
		return nil, fault.New(fault.ConfigValue, "the name to greet with is not a host name").In("smtp.hello_name")
	}
	if o.Timeout < 0 || o.IdleTimeout < 0 || o.Connections < 0 {
		return nil, fault.New(fault.ConfigValue, "a time or a number of connections is negative").In("smtp")
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 30 * time.Second
	}
	if o.Connections == 0 {
		o.Connections = 4
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the option
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	m := &Mail{options: o}
	if o.Host != "" && o.Deliver == nil {
		m.relay = newRelay(o)
	}
	return m, nil
}

// Name gives "mail".
func (*Mail) Name() string { return "mail" }

// Grant binds the capability to one plugin. The policy's keys:
//
//	recipients     patterns such as *@company.tld that a recipient must match; none = nobody
//	senders        patterns that the sender must match; none = the configured sender alone
//	maxRecipients  of one message; default 50
//	maxBytes       of one message; default 10 MiB
func (m *Mail) Grant(policy map[string]any) (capability.Power, error) {
	g, err := parseGrant(policy, m.options.From)
	if err != nil {
		return nil, err
	}
	return &power{mail: m, grant: g}, nil
}

// Close ends the idle connections. Submissions under way end by themselves, later ones fail.
func (m *Mail) Close() error {
	if m.relay != nil {
		m.relay.close()
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
