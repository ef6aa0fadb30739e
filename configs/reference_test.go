package configs_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// structKeys lists the keys of a section type from its tags, independently of the package.
func structKeys(t reflect.Type, prefix string) []string {
	var out []string
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("koanf"), ",")
		if !f.IsExported() || option == "remain" {
			continue
		}
		out = append(out, prefix+name)
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[secret.Value]() {
			out = append(out, structKeys(f.Type, prefix+name+".")...)
		}
	}
	return out
}

func TestDefaultYAMLIsTheReference(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, k := range configs.Keys() {
		documented = append(documented, k.Key)
		if len(strings.Fields(k.Comment)) < 2 {
			t.Errorf("%s has no comment in default.yaml", k.Key)
		}
		if k.Type == "" || k.Env != "PI_"+strings.ToUpper(strings.ReplaceAll(k.Key, ".", "__")) {
			t.Errorf("%s: %+v", k.Key, k)
		}
	}
	// Same keys in the same order, so that neither side can have one more.
	if diff := cmp.Diff(structKeys(reflect.TypeFor[configs.Config](), ""), documented); diff != "" {
		t.Errorf("the struct (-) and default.yaml (+) differ:\n%s", diff)
	}
}

func TestDefaultYAMLIsAValidFile(t *testing.T) {
	t.Parallel()
	c, err := load(configs.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings() {
		if !strings.HasPrefix(s.Origin, "config.yaml:") {
			t.Errorf("%s is from %s", s.Key, s.Origin)
		}
	}
}

func TestPrintMasksSecrets(t *testing.T) {
	t.Parallel()
	const canary = "kanari-7f3a91"
	file := `
smtp: {password: kanari-7f3a91, host: relay}
admin: {token: "env:TOKEN"}
broker:
  rabbitmq: {url: "amqp://user:kanari-7f3a91@host/", urls: ["redis://kanari-7f3a91@host"], password: kanari-7f3a91, tokens: [kanari-7f3a91], auth: {x: kanari-7f3a91}, name: plain, key_file: "file:x"}
plugins: {grants: {mail.send: {mail: {from: [a@b.c]}}}}
`
	c, err := load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Contains(out, canary) {
		t.Error(out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "config.yaml") {
			setting, where, _ := strings.Cut(line, " # ")
			lines = append(lines, strings.TrimSpace(setting)+" # "+strings.TrimSpace(where))
		}
	}
	want := []string{
		`broker.rabbitmq.auth.x: [redacted] # config.yaml:5`,
		`broker.rabbitmq.key_file: file:x # config.yaml:5`,
		`broker.rabbitmq.name: plain # config.yaml:5`,
		`broker.rabbitmq.password: [redacted] # config.yaml:5`,
		`broker.rabbitmq.tokens: [redacted] # config.yaml:5`,
		`broker.rabbitmq.url: amqp://user:[redacted]@host/ # config.yaml:5`,
		`broker.rabbitmq.urls: [redis://[redacted]@host] # config.yaml:5`,
		`admin.token: env:TOKEN # config.yaml:3`,
		`plugins.grants."mail.send".mail.from: [a@b.c] # config.yaml:6`,
		`smtp.host: relay # config.yaml:2`,
		`smtp.password: [redacted] # config.yaml:2`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestSection(t *testing.T) {
	t.Parallel()
	type nested struct {
		Depth int `yaml:"depth,omitempty" max:"5"`
	}
	type settings struct {
		URL      string            `koanf:"url" form:"required"`
		Password secret.Value      `koanf:"password"`
		Wait     time.Duration     // wait
		MaxBytes configs.Size      // max_bytes
		Ratio    float64           `json:"ratio"`
		Strict   bool              `koanf:"strict"`
		Names    []string          `koanf:"names"`
		Labels   map[string]string `koanf:"labels"`
		Nested   nested            `koanf:"nested"`
		Kept     string            `koanf:"kept"`
		Count    uint16            `koanf:"count"`
	}
	file := `
broker:
  nats: {url: nats://x, password: 0123, wait: 5s, max_bytes: 2KiB, ratio: 0.5, strict: true, names: [a, "1"],
    labels: {a.b: c}, nested: {depth: 5}, count: 7}
  bad: {ulr: x, wait: soon, nested: {depth: 6}, names: a, labels: 1, count: -1, strict: 1}
`
	c, err := load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	var section broker.Settings = c.Section("broker.nats")
	got := settings{Kept: "default"}
	if err := section.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := settings{
		URL: "nats://x", Password: secret.New("0123"), Wait: 5 * time.Second, MaxBytes: 2048, Ratio: 0.5, Strict: true,
		Names: []string{"a", "1"}, Labels: map[string]string{"a.b": "c"}, Nested: nested{5}, Kept: "default", Count: 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	err = c.Section("broker.bad").Decode(&settings{})
	if err == nil {
		t.Fatal("no error")
	}
	wantErr := `config.yaml:5: broker.bad.count has to be a whole number, not below 0
config.yaml:5: broker.bad.labels has to be a section with keys
config.yaml:5: broker.bad.names has to be a list
config.yaml:5: broker.bad.nested.depth has to be 5 or less
config.yaml:5: broker.bad.strict has to be true or false
config.yaml:5: unknown key "broker.bad.ulr"; did you mean "broker.bad.url"?
config.yaml:5: broker.bad.wait has to be a duration such as 500ms, 5s, 10m or 2h`
	if diff := cmp.Diff(wantErr, err.Error()); diff != "" {
		t.Error(diff)
	}
	var list fault.List
	if !errors.As(err, &list) {
		t.Error("not a list of faults")
	}

	if err := c.Section("broker.absent").Decode(&got); err != nil {
		t.Errorf("an absent section: %v", err)
	}
	free := map[string]any{}
	if err := c.Section("broker.nats").Decode(&free); err != nil || free["url"] != "nats://x" || free["count"] != 7 {
		t.Errorf("got %v, %v", free, err)
	}
	if err := c.Section("broker.nats").Decode(settings{}); err == nil {
		t.Error("decoded into a struct that is not a pointer")
	}
}

func TestCheckServe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, token string
		ok             bool
	}{
		{"127.0.0.1:0", "", true},
		{"[::1]:8081", "", true},
		{"localhost:8081", "", true},
		{"0.0.0.0:8081", "", false},
		{":8081", "", false},
		{"10.0.0.1:8081", "", false},
		{"0.0.0.0:8081", "a token", true},
	} {
		cfg, err := load("", nil, "admin.address="+c.address, "admin.token="+c.token)
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.CheckServe(); (err == nil) != c.ok {
			t.Errorf("%s with token %q: %v", c.address, c.token, err)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]configs.Size{
		"0": 0, "17": 17, "17B": 17, "2KiB": 2048, "3 MiB": 3 << 20, "1kB": 1000, "5GB": 5e9, "7TiB": 7 << 40,
		"-1": -1, "1.5MiB": -1, "": -1, "MiB": -1, "9223372036854775807KiB": -1, "1EiB": -1,
	} {
		got, err := configs.ParseSize(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
		if again, err := configs.ParseSize(want.String()); want >= 0 && (err != nil || again != want) {
			t.Errorf("%q does not come back: %v", want, again)
		}
	}
}
