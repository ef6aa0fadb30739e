package configs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// load merges a file text, environment lines and --set texts.
func load(file string, environ []string, set ...string) (*configs.Config, error) {
	return configs.Load(configs.Sources{
		File:     "config.yaml",
		Environ:  func() []string { return environ },
		Set:      set,
		ReadFile: func(string) ([]byte, error) { return []byte(file), nil },
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := configs.Load(configs.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Store.Reserve != 64<<20 || c.Store.Retention != 168*time.Hour || c.Broker.Prefix != "pipeforce.event." ||
		c.Ingress.Address != "127.0.0.1:8080" || c.Admin.Identity != "systemuser" || c.Result.TTL != time.Hour {
		t.Errorf("got %+v", c)
	}
	if _, err := iam.NewPolicy(c.IAM.Roles, c.IAM.Identities); err != nil {
		t.Errorf("the shipped identities are wrong: %v", err)
	}
	if err := c.CheckServe(); err != nil {
		t.Error(err)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := "store: {dir: from-file, reserve: 1MiB}\nlog:\n  level: warn\n"
	environ := []string{"PI_STORE__DIR=from-env", "PI_LOG__FORMAT=json", "HOME=/root", "PIN=1"}
	c, err := load(file, environ, "store.dir=from-set")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Store.Dir, c.Log.Format, c.Log.Level, c.Store.Type, c.Store.Reserve.String()}
	if diff := cmp.Diff([]string{"from-set", "json", "warn", "sqlite", "1MiB"}, got); diff != "" {
		t.Error(diff)
	}
	origins := map[string]string{}
	for _, s := range c.Settings() {
		origins[s.Key] = s.Origin
	}
	for key, want := range map[string]string{
		"store.dir": "--set", "log.format": "environment PI_LOG__FORMAT", "log.level": "config.yaml:3",
		"store.reserve": "config.yaml:1", "store.type": "default",
	} {
		if origins[key] != want {
			t.Errorf("%s is from %q, want %q", key, origins[key], want)
		}
	}
}

func TestEveryWayToWriteAValue(t *testing.T) {
	t.Parallel()
	file := `
smtp: {host: relay, port: 25, password: 12345, username: "${USER_NAME}", from: "${FROM:-a@b.c}", from_name: "costs $$5 ${EMPTY:-x}"}
engine: {backoff: 1m30s}
plugins:
  grants:
    mail.send:
      mail: {recipients: ["*@example.org"], max: 3, strict: true}
      limits: {timeout: 1m}
    other: {}
iam:
  identities:
    bot: {roles: [guest], pipelines: [a, b]}
broker: {nats: {url: nats://x, nested: {a: 1}}}
log:
`
	environ := []string{
		"USER_NAME=u$$n ${X}", "EMPTY=",
		"PI_PLUGINS__GRANTS__MAIL_SEND__LIMITS__MEMORY=32MiB",
		"PI_IAM__IDENTITIES__ANONYMOUSUSER__ROLES=guest, system",
		"PI_INGRESS__TRUSTED_PROXIES=[10.0.0.0/8, 127.0.0.1]",
		"PI_BROKER__NATS__NESTED={b: 2}",
		"PI_CONFIG=ignored", "PI_PORT=tcp://10.0.0.1:80", "PI_SERVICE_HOST=10.0.0.1", "PI_PORT_80_TCP_ADDR=10.0.0.1",
	}
	c, err := load(file, environ, `plugins.grants."mail.send".mail.max=4`, `iam.roles={extra: [CAN_CMD_log]}`, `plugins.grants.third={}`, `plugins.grants.third.mail={}`)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.SMTP; s.Port != 25 || s.Password.Reveal() != "12345" || s.Username != "u$$n ${X}" || s.From != "a@b.c" || s.FromName != "costs $5 x" {
		t.Errorf("smtp is %+v, password %q", s, s.Password.Reveal())
	}
	mail := c.Plugins.Grants["mail.send"]
	want := map[string]map[string]any{"mail": {"recipients": []any{"*@example.org"}, "max": 4, "strict": true}}
	if diff := cmp.Diff(want, mail.Capabilities); diff != "" {
		t.Error(diff)
	}
	if l := c.LimitsOf("mail.send"); l.Timeout != time.Minute || l.Memory != 32<<20 || l.Output != 8<<20 {
		t.Errorf("limits are %+v", l)
	}
	if _, ok := c.Plugins.Grants["other"]; !ok {
		t.Error("an empty grant is gone")
	}
	if policy, ok := c.Plugins.Grants["third"].Capabilities["mail"]; !ok || len(policy) != 0 {
		t.Error("an empty policy is gone")
	}
	if diff := cmp.Diff([]string{"guest", "system"}, c.IAM.Identities["anonymousUser"].Roles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(iam.Identity{Roles: []string{"guest"}, Pipelines: []string{"a", "b"}}, c.IAM.Identities["bot"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"CAN_CMD_log"}, c.IAM.Roles["extra"]); diff != "" || len(c.IAM.Roles) != 3 {
		t.Error(diff, len(c.IAM.Roles))
	}
	if diff := cmp.Diff([]string{"10.0.0.0/8", "127.0.0.1"}, c.Ingress.TrustedProxies); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"nats": map[string]any{"url": "nats://x", "nested": map[string]any{"a": 1, "b": 2}}}, c.Broker.Backends); diff != "" {
		t.Error(diff)
	}
	if c.Engine.Backoff != 90*time.Second || c.Log.Level != "info" {
		t.Errorf("backoff %v, level %q", c.Engine.Backoff, c.Log.Level)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		environ []string
		set     []string
		want    string
		code    fault.Code
	}{
		"unknown in the file":       {file: "log: {level: info}\nstore:\n  dirr: x\n", want: `config.yaml:3: unknown key "store.dirr"; did you mean "store.dir"?`, code: fault.ConfigUnknown},
		"unknown section":           {file: "stor: {dir: x}\n", want: `config.yaml:1: unknown key "stor"; did you mean "store"?`, code: fault.ConfigUnknown},
		"right key, wrong place":    {file: "retention: 5h\n", want: `config.yaml:1: unknown key "retention"; did you mean "store.retention"?`, code: fault.ConfigUnknown},
		"unknown, nothing near":     {file: "xyzzyxyzzy: 1\n", want: `config.yaml:1: unknown key "xyzzyxyzzy"`, code: fault.ConfigUnknown},
		"unknown broker scalar":     {file: "broker: {typ: nats}\n", want: `config.yaml:1: unknown key "broker.typ"; did you mean "broker.type"?`, code: fault.ConfigUnknown},
		"unknown in an identity":    {file: "iam: {identities: {a: {rolls: [b]}}}\n", want: `config.yaml:1: unknown key "iam.identities.a.rolls"; did you mean "iam.identities.a.roles"?`, code: fault.ConfigUnknown},
		"unknown in environment":    {environ: []string{"PI_STORE__DIRR=x"}, want: `environment PI_STORE__DIRR: unknown key "store.dirr"; did you mean "PI_STORE__DIR"?`, code: fault.ConfigUnknown},
		"one underscore":            {environ: []string{"PI_STORE_DIR=x"}, want: `environment PI_STORE_DIR: unknown key "store_dir"; did you mean "PI_STORE__DIR"?`, code: fault.ConfigUnknown},
		"below a single setting":    {environ: []string{"PI_STORE__DIR__X=1"}, want: `environment PI_STORE__DIR__X: unknown key "store.dir.x"; PI_STORE__DIR is a single setting`, code: fault.ConfigUnknown},
		"malformed environment":     {environ: []string{"PI___X=1"}, want: `environment PI___X: the key is malformed`, code: fault.ConfigUnknown},
		"unknown in --set":          {set: []string{"admin.adress=:1"}, want: `--set: unknown key "admin.adress"; did you mean "admin.address"?`, code: fault.ConfigUnknown},
		"unknown section in --set":  {set: []string{"stor.dir=x"}, want: `--set: unknown key "stor.dir"; did you mean "store.dir"?`, code: fault.ConfigUnknown},
		"two slips in --set":        {set: []string{"stor.dri=x"}, want: `--set: unknown key "stor.dri"; did you mean "store"?`, code: fault.ConfigUnknown},
		"--set without =":           {set: []string{"admin.address"}, want: `--set: has to be key=value; write for example --set store.dir=/var/lib/pi, and quote a part that holds a dot: plugins.grants."mail.send"`, code: fault.CLIUsage},
		"--set with an open quote":  {set: []string{`plugins.grants."a=1`}, want: `--set: has to be key=value; write for example --set store.dir=/var/lib/pi, and quote a part that holds a dot: plugins.grants."mail.send"`, code: fault.CLIUsage},
		"not a duration":            {file: "result:\n  ttl: 5\n", want: "config.yaml:2: result.ttl has to be a duration such as 500ms, 5s, 10m or 2h", code: fault.ConfigType},
		"not a size":                {set: []string{"store.reserve=1.5GiB"}, want: "--set: store.reserve has to be a size: a whole number of bytes, or with KiB, MiB or GiB", code: fault.ConfigType},
		"not a number":              {environ: []string{"PI_SMTP__PORT=smtp"}, want: "environment PI_SMTP__PORT: smtp.port has to be a whole number", code: fault.ConfigType},
		"a list for a value":        {file: "store: {dir: [a]}\n", want: "config.yaml:1: store.dir has to be a single value, not a list", code: fault.ConfigType},
		"a section for a value":     {file: "store: {dir: {a: b}}\n", want: "config.yaml:1: store.dir has to be a single value, not a section", code: fault.ConfigType},
		"a value for a section":     {file: "store: data\n", want: "config.yaml:1: store has to be a section with keys", code: fault.ConfigType},
		"a value for a list":        {file: "iam: {roles: {guest: CAN_CMD_log}}\n", want: "config.yaml:1: iam.roles.guest has to be a list", code: fault.ConfigType},
		"a list of lists":           {file: "iam:\n  roles:\n    guest:\n      - [a]\n", want: "config.yaml:4: a list holds single values only", code: fault.ConfigType},
		"a value for a policy":      {file: "plugins: {grants: {a: {mail: yes}}}\n", want: `config.yaml:1: unknown key "plugins.grants.a.mail"; a key with a name of its own has to be a section here`, code: fault.ConfigUnknown},
		"a free key without value":  {file: "plugins:\n  grants:\n    a:\n", want: "config.yaml:3: plugins.grants.a has no value; write {} for an empty one", code: fault.ConfigType},
		"outside of the range":      {file: "smtp: {port: 70000}\n", want: "config.yaml:1: smtp.port has to be 1 to 65535", code: fault.ConfigValue},
		"far outside of the range":  {file: "smtp: {port: 99999999999999999999}\n", want: "config.yaml:1: smtp.port has to be 1 to 65535", code: fault.ConfigValue},
		"below the least":           {file: "store: {retention: 1s}\n", want: "config.yaml:1: store.retention has to be 1m or more", code: fault.ConfigValue},
		"not one of the values":     {file: "log: {format: jsn}\n", want: `config.yaml:1: log.format has to be auto, text or json; did you mean "json"?`, code: fault.ConfigValue},
		"unknown version":           {file: "version: 2\n", want: "config.yaml:1: version has to be 1", code: fault.ConfigValue},
		"empty":                     {set: []string{"store.dir="}, want: "--set: store.dir must not be empty", code: fault.ConfigValue},
		"not an address":            {set: []string{"admin.address=8081"}, want: "--set: admin.address has to be host:port, such as 127.0.0.1:8080", code: fault.ConfigValue},
		"not a port":                {set: []string{"admin.address=:http"}, want: "--set: admin.address has to be host:port, such as 127.0.0.1:8080", code: fault.ConfigValue},
		"not a URL":                 {set: []string{"ingress.url=hooks.example.org"}, want: "--set: ingress.url has to be an http or https URL, or empty", code: fault.ConfigValue},
		"not a network":             {set: []string{"ingress.trusted_proxies=10.0.0.0/8,proxy"}, want: "--set: ingress.trusted_proxies has to hold addresses and networks, such as 10.0.0.0/8", code: fault.ConfigValue},
		"twice":                     {file: "namespace: a\nnamespace: b\n", want: "config.yaml:2: namespace occurs twice", code: fault.ConfigValue},
		"alias":                     {file: "store: &s {dir: x}\nlog: *s\n", want: "config.yaml:2: log uses a YAML alias; write the value out", code: fault.ConfigType},
		"unset variable":            {file: "a: 1\nsmtp:\n  password: ${SMTP_PW}\n", want: `config.yaml:3: environment variable SMTP_PW is not set; set it, or write ${SMTP_PW:-default}`, code: fault.ConfigEnv},
		"malformed reference":       {file: "smtp: {password: '${SMTP PW}'}\n", want: "config.yaml:1: a reference to the environment is malformed; write ${NAME} or ${NAME:-default}, and $${ for a plain ${", code: fault.ConfigEnv},
		"broken YAML":               {file: "store:\n  dir: x\n bad\n", want: "config.yaml:2: did not find expected key", code: fault.ConfigSyntax},
		"two documents":             {file: "version: 1\n---\nversion: 1\n", want: "config.yaml: the file holds more than one document", code: fault.ConfigSyntax},
		"not keys and values":       {file: "- a\n", want: "config.yaml:1: the file has to hold keys and values", code: fault.ConfigSyntax},
		"too large":                 {file: "# " + strings.Repeat("x", 1<<20), want: "config.yaml: the file is larger than 1MiB", code: fault.ConfigSyntax},
		"too deep":                  {file: "broker: {x: " + strings.Repeat("{a: ", 20) + strings.Repeat("}", 20) + "}\n", want: "config.yaml:1: broker.x" + strings.Repeat(".a", 14) + " nests deeper than 16 levels", code: fault.ConfigType},
		"key that is a list":        {file: "store: {[a]: b}\n", want: "config.yaml:1: store has a key that is not a name", code: fault.ConfigType},
		"broken YAML in a variable": {environ: []string{"PI_PLUGINS__GRANTS={a"}, want: "environment PI_PLUGINS__GRANTS: plugins.grants has to be YAML, for example {a: 1} or [a, b]", code: fault.ConfigType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(c.file, c.environ, c.set...)
			if err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(err.Error(), "\n")
			if got := lines[len(lines)-1]; got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			var list fault.List
			if !errors.As(err, &list) || list[len(list)-1].Code != c.code {
				t.Errorf("code %s, want %s", fault.CodeOf(err), c.code)
			}
		})
	}
}

func TestRelativePaths(t *testing.T) {
	t.Parallel()
	read := func(string) ([]byte, error) {
		return []byte("store: {dir: data}\nplugins: {dir: /opt/plugins, cache: ''}\nsmtp: {password: 'file:pw', ca_file: ca.pem}\nadmin: {token: 'env:X'}\n"), nil
	}
	c, err := configs.Load(configs.Sources{File: "etc/pi/config.yaml", ReadFile: read, Set: []string{"pipelines.dir=flows"}})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Store.Dir, c.Plugins.Dir, c.Plugins.Cache, c.SMTP.Password.Reveal(), c.SMTP.CAFile, c.Pipelines.Dir, c.Admin.Token.Reveal(), c.AdminPath(), c.CachePath()}
	want := []string{"etc/pi/data", "/opt/plugins", "", "file:etc/pi/pw", "etc/pi/ca.pem", "flows", "env:X", "etc/pi/data/admin.json", "etc/pi/data/cache"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if masked := c.WithAdminToken("kanari"); masked.Admin.Token.Reveal() != "kanari" || c.Admin.Token.Reveal() != "env:X" {
		t.Error("WithAdminToken changed the original or not the copy")
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load("stor: {}\nlog: {level: loud}\nsmtp: {port: x}\n", []string{"PI_NOPE=1"}, "a=b")
	var list fault.List
	if !errors.As(err, &list) || len(list) != 5 {
		t.Fatalf("got %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pi.yaml")
	if _, err := configs.Load(configs.Sources{File: path}); err != nil {
		t.Errorf("a missing optional file: %v", err)
	}
	_, err := configs.Load(configs.Sources{File: path, FileRequired: true})
	if want := path + ": reading the configuration: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if fault.CodeOf(err) != fault.ConfigRead || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("code %s", fault.CodeOf(err))
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.Load(configs.Sources{File: path, FileRequired: true}); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

// TestNoValueInAFault plants a secret at every key and looks for it in what is said about it.
func TestNoValueInAFault(t *testing.T) {
	t.Parallel()
	const canary = "kanari:7f3a91"
	for _, k := range configs.Keys() {
		for _, set := range []string{k.Key + "=" + canary, k.Key + ".x=" + canary, k.Key + "={a: " + canary + "}", k.Key + "=[[" + canary + "]]", k.Key + "x=" + canary} {
			if _, err := load("", nil, set); err != nil && strings.Contains(err.Error(), "kanari") {
				t.Errorf("--set %s: %v", set, err)
			}
			file := strings.ReplaceAll(k.Key, ".", ": {") + ": " + canary + strings.Repeat("}", strings.Count(k.Key, "."))
			if _, err := load(file, nil); err != nil && strings.Contains(err.Error(), "kanari") {
				t.Errorf("file %s: %v", file, err)
			}
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(configs.Default()))
	f.Add([]byte("a: &a [*a]\nb: !!binary x\n? {a: b}\n: c\n"))
	f.Add([]byte("broker: {x: {<<: {a: 1}, b: .inf, c: 2020-01-01, d: 0x1F, e: ~}}\n"))
	f.Add([]byte("smtp: {password: ${A:-${B}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := load(string(data), nil)
		if err != nil {
			var list fault.List
			if !errors.As(err, &list) || fault.CodeOf(err) == fault.Internal {
				t.Errorf("not a list of faults: %v", err)
			}
			return
		}
		if len(c.Settings()) < 40 {
			t.Error("settings are missing")
		}
	})
}

// FuzzOverride drives the keys and values of the environment and the command line.
func FuzzOverride(f *testing.F) {
	f.Add("store.dir", "x")
	f.Add(`plugins.grants."mail.send".mail`, "{from: [a@b.c]}")
	f.Add("BROKER__NATS__URL", "[a, {b: c}]")
	f.Add(`"`, "")
	f.Add("iam.roles", "{<<: &a [*a]}")
	f.Fuzz(func(t *testing.T, key, text string) {
		for _, err := range []error{
			second(load("", []string{"PI_" + key + "=" + text})),
			second(load("", nil, key+"="+text)),
		} {
			var list fault.List
			if err != nil && (!errors.As(err, &list) || fault.CodeOf(err) == fault.Internal) {
				t.Errorf("not a list of faults: %v", err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
