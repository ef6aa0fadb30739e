package world_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/internal/world"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/memory"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func policy(t *testing.T) *iam.Policy {
	t.Helper()
	p, err := iam.NewPolicy(
		map[string][]string{"all": {"CAN_CMD_*"}, "log": {"CAN_CMD_log"}},
		map[string]iam.Identity{
			"system": {Roles: []string{"all"}, Email: "sys@example.org", FirstName: "Ann", LastName: "Lee", Locale: "de", Zone: "Europe/Berlin"},
			"guest":  {Roles: []string{"log"}},
		})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// keep fills a store with values by path.
func keep(t *testing.T, kept store.Properties, values map[string]string) {
	t.Helper()
	for path, text := range values {
		p := property.Property{Path: path, UUID: path, Type: "application/json", Value: []byte(text), Created: now(), Updated: now()}
		if strings.HasSuffix(path, "expired") {
			p.Expires = now()
		}
		if ok, err := kept.PutProperty(t.Context(), p); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
}

// language has the whole world: an asker, a store, and one pipeline author.
func language(t *testing.T, kept store.Properties, outbound world.Asker) *expr.Language {
	t.Helper()
	p := policy(t)
	properties := world.NewProperties(p, kept, "default", now)
	return expr.New(expr.Options{
		Now: now, Properties: properties, Users: world.NewUsers(p), Resolver: world.NewResolver(p, properties, outbound, now),
		Instance: world.NewInstance(world.Facts{
			Version: "v1", Stage: "TEST", Namespace: "default", URL: func() string { return "http://127.0.0.1:1" },
			URLs: map[string]string{"mail": "https://mail.example.org"}, Profiles: []string{"eu"}, Env: []string{"REGION", "GONE"},
			Getenv: func(name string) (string, bool) {
				v, ok := map[string]string{"REGION": "north", "HOME": "/root"}[name]
				return v, ok
			},
			Started: now().Add(-time.Minute), Now: now,
		}),
	})
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"rate":1.5}`)
		case "/large":
			fmt.Fprint(w, strings.Repeat("x", 2<<20))
		case "/busy":
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	outbound := egress.New(egress.Options{AllowHosts: []string{server.Listener.Addr().String()}, RootCAs: roots})
	kept := &memory.Properties{}
	keep(t, kept, map[string]string{"demo/limit": `10`, "demo/name": `"Demo"`, "demo/expired": `1`, "demo/deep/x": `{"a":[1,2]}`})
	l := language(t, kept, outbound)
	for _, c := range []struct {
		name, caller, src string
		want              any
		code              fault.Code
	}{
		{"a property", "system", `@property.value('demo/limit')`, 10, ""},
		{"an absolute path", "system", `@property.value('/pipeforce/default/demo/limit')`, 10, ""},
		{"of another namespace", "system", `@property.value('/pipeforce/other/demo/limit')`, nil, fault.PropertyInvalid},
		{"a whole property", "system", `@property.get('demo/limit').path`, "demo/limit", ""},
		{"no property", "system", `@property.value('demo/none')`, nil, ""},
		{"an expired one", "system", `@property.value('demo/expired')`, nil, ""},
		{"a pattern", "system", `@property.values('demo/*')`, []any{10, "Demo"}, ""},
		{"a deep pattern", "system", `@property.values('demo/**').size()`, 3, ""},
		{"without the right", "guest", `@property.value('demo/limit')`, nil, fault.IAMDenied},
		{"a pattern without the right", "guest", `@property.values('demo/*')`, nil, fault.IAMDenied},
		{"nobody", "", `@property.value('demo/limit')`, nil, fault.IAMDenied},
		{"a URI", "system", `@resolve.uri('$uri:property:demo/name')`, "Demo", ""},
		{"a URI without the right", "guest", `@uri.resolve('property:demo/name')`, nil, fault.IAMDenied},
		{"content of a property", "system", `@content.newContent('$uri:property:demo/name').content`, "Demo", ""},
		{"a user", "guest", `@resolve.uri('$uri:user:sys@example.org').firstName`, "Ann", ""},
		{"no user", "guest", `@resolve.uri('$uri:user:eve')`, nil, ""},
		{"a secret", "system", `@resolve.uri('$uri:secret:crm')`, nil, fault.SecretDenied},
		{"a pipeline", "system", `@resolve.uri('$uri:pipeline:x')`, nil, fault.ExprUnavailable},
		{"a file", "system", `@resolve.uri('file:///etc/passwd')`, nil, fault.ExprUnavailable},
		{"plain http", "system", `@resolve.uri('http://example.org/')`, nil, fault.EgressDenied},
		{"https", "system", `@resolve.uri('` + server.URL + `/json').rate`, 1.5, ""},
		{"https as $uri", "system", `@resolve.uri('$uri:` + server.URL + `/json').rate`, 1.5, ""},
		{"https without the right", "guest", `@resolve.uri('` + server.URL + `/json')`, nil, fault.IAMDenied},
		{"nothing there", "system", `@resolve.uri('` + server.URL + `/x')`, nil, fault.HTTPRejected},
		{"too busy", "system", `@resolve.uri('` + server.URL + `/busy')`, nil, fault.HTTPLimited},
		{"too large", "system", `@resolve.uri('` + server.URL + `/large')`, nil, fault.EgressLarge},
		{"me", "system", `@user.emailAndDisplayName()`, "Ann Lee <sys@example.org>", ""},
		{"my zone", "system", `@user.zone()`, "Europe/Berlin", ""},
		{"nothing known of me", "guest", `@user.email()`, "", ""},
		{"a right", "guest", `@user.hasPermission('CAN_CMD_log') and not @user.hasPermission('CAN_CMD_mail.send')`, true, ""},
		{"no right of ours", "system", `@user.hasPermission('CAN_FLY')`, false, ""},
		{"facts", "", `[@instance.version(), @instance.stage(), @instance.namespace(), @instance.url(), @instance.url('mail'), @instance.uptime()]`, []any{"v1", "TEST", "default", "http://127.0.0.1:1", "https://mail.example.org", 60000}, ""},
		{"unknown facts", "", `[@instance.domain(), @instance.build(), @instance.url('none')]`, []any{nil, nil, nil}, ""},
		{"a profile", "", `@instance.hasProfile('eu')`, true, ""},
		{"the environment", "", `@instance.env('REGION')`, "north", ""},
		{"not named", "", `@instance.env('HOME')`, nil, ""},
		{"named and not set", "", `@instance.env('GONE')`, nil, ""},
	} {
		p, err := l.Compile(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := p.Eval(t.Context(), expr.Env{expr.Caller: c.caller})
		if (err != nil) != (c.code != "") || err != nil && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if retry, wait := fault.Retryable(err); c.code == fault.HTTPLimited && (!retry || wait != 5*time.Second) {
			t.Errorf("%s: retry %v after %s", c.name, retry, wait)
		}
	}
}

// TestManyMatches: what one pattern may read is limited, in number, size and work.
func TestManyMatches(t *testing.T) {
	t.Parallel()
	kept := &memory.Properties{}
	values := map[string]string{}
	for i := range 1200 {
		values[fmt.Sprintf("many/a%04d", i)] = `1`
	}
	for i := range 9 {
		values[fmt.Sprintf("large/%d", i)] = `"` + strings.Repeat("x", 1<<20-2) + `"`
	}
	keep(t, kept, values)
	l := language(t, kept, nil)
	for src, want := range map[string]string{
		`@property.values('many/a0*').size()`:  "",
		`@property.values('many/a1*').size()`:  "",
		`@property.values('many/*9').size()`:   "",
		`@property.values('many/*').size()`:    "more than 1000 properties",
		`@property.values('large/**').size()`:  "8388608 bytes",
		`@property.values('large/[0]').size()`: "letters, digits",
	} {
		p, err := l.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Eval(t.Context(), expr.Env{expr.Caller: "system"})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", src, got, err)
		}
	}
}

// TestURIsStayOutside: no forbidden URL is reached by an expression.
func TestURIsStayOutside(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	outbound := egress.New(egress.Options{Ports: []uint16{uint16(listener.Port)}, Resolver: ssrf.Serve(t, ssrf.Zone())})
	l := language(t, &memory.Properties{}, outbound)
	p, err := l.Compile(`@resolve.uri(body)`)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, scheme := range []string{"http", "https"} {
		for _, c := range ssrf.Cases(scheme, listener.Port) {
			if _, err := p.Eval(t.Context(), expr.Env{expr.Caller: "system", "body": c.URL}); err == nil {
				t.Errorf("%s was read", c.Name)
			}
			count++
		}
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
	t.Logf("%d URLs refused, 0 connections seen", count)
}

// TestCompilingAsksNobody: reading a pipeline never reaches the world, not even for constant arguments.
func TestCompilingAsksNobody(t *testing.T) {
	t.Parallel()
	l := expr.New(expr.Options{Properties: alarm{t}, Users: alarm{t}, Resolver: alarm{t}, Instance: world.Instance{}})
	for _, src := range []string{
		`@property.value('a')`, `@property.values('a/*')`, `@user.email('a')`, `@user.hasPermission('a')`, `@resolve.uri('https://example.org/')`,
		`@uri.resolve('property:a')`, `@content.newContent('https://example.org/')`, `@instance.uptime()`, `@instance.url()`,
	} {
		if _, err := l.Compile(src); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// alarm is a world that nobody may ask.
type alarm struct{ t *testing.T }

func (a alarm) Property(context.Context, string, string) (expr.Property, bool, error) {
	a.t.Error("asked for a property")
	return expr.Property{}, false, nil
}

func (a alarm) Matching(context.Context, string, string) ([]expr.Property, error) {
	a.t.Error("asked for properties")
	return nil, nil
}

func (a alarm) User(context.Context, string) (expr.User, bool, error) {
	a.t.Error("asked for a user")
	return expr.User{}, false, nil
}

func (a alarm) Holds(context.Context, string, string) (bool, error) {
	a.t.Error("asked for a permission")
	return false, nil
}

func (a alarm) Resolve(context.Context, string, string, string) (any, error) {
	a.t.Error("asked for a URI")
	return nil, nil
}
