package expr_test

import (
	"context"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// sampleWorld is the world of the examples: two properties, one user, one server.
type sampleWorld struct{}

// world adds the sample world to options.
func world(o expr.Options) expr.Options {
	o.Properties, o.Users, o.Instance, o.Resolver = sampleWorld{}, sampleWorld{}, sampleWorld{}, sampleWorld{}
	return o
}

func properties() []expr.Property {
	return []expr.Property{
		{Path: "/demo/limit", Type: "text/plain", Value: 10, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Path: "/demo/name", Type: "text/plain", Value: "Demo"},
	}
}

func (sampleWorld) Property(ctx context.Context, _, name string) (expr.Property, bool, error) {
	i := slices.IndexFunc(properties(), func(p expr.Property) bool { return p.Path == name })
	if i < 0 || ctx.Err() != nil {
		return expr.Property{}, false, ctx.Err()
	}
	return properties()[i], true, nil
}

func (sampleWorld) Matching(_ context.Context, _, pattern string) ([]expr.Property, error) {
	return slices.DeleteFunc(properties(), func(p expr.Property) bool {
		ok, err := path.Match(pattern, p.Path)
		return !ok || err != nil
	}), nil
}

func (sampleWorld) User(_ context.Context, name string) (expr.User, bool, error) {
	ann := expr.User{
		Name: "ann", UUID: "00000000-0000-4000-8000-000000000001", FirstName: "Ann", LastName: "Lee",
		Email: "ann@example.org", Locale: "en-GB", Zone: "Europe/London",
	}
	return ann, slices.Contains([]string{ann.Name, ann.UUID, ann.Email}, name), nil
}

func (sampleWorld) Holds(_ context.Context, name, permission string) (bool, error) {
	return name == "ann" && permission == "CAN_CMD_log", nil
}

func (sampleWorld) Fact(name string) (string, bool) {
	v, ok := map[string]string{
		"domain": "example.org", "namespace": "demo", "stage": "TEST", "version": "1.2.3", "build": "abc123", "url": "https://example.org",
	}[name]
	return v, ok
}

func (sampleWorld) Profiles() []string    { return []string{"demo"} }
func (sampleWorld) Uptime() time.Duration { return time.Minute }
func (sampleWorld) Env(name string) (string, bool) {
	return "eu", name == "REGION"
}

func (w sampleWorld) Resolve(ctx context.Context, caller, scheme, rest string) (any, error) {
	if scheme != "property" {
		return nil, fault.New(fault.EgressDenied, "the scheme is not read here")
	}
	p, _, err := w.Property(ctx, caller, rest)
	return p.Value, err
}

func sampleCaller() expr.Env { return expr.Env{expr.Caller: "ann"} }

func TestWithoutAWorld(t *testing.T) {
	t.Parallel()
	l := expr.New(expr.Options{})
	for _, src := range []string{
		`@property.value('x')`, `@property.get('x')`, `@property.values('x')`, `@user.email()`, `@user.email('ann')`, `@user.hasPermission('x')`,
		`@instance.version()`, `@instance.url('x')`, `@instance.profiles()`, `@instance.hasProfile('x')`, `@instance.uptime()`, `@instance.env('x')`,
		`@resolve.uri('a:b')`, `@uri.resolve('a:b')`, `@content.newContent('a:b')`, `@content.newCollection('a:b')`,
	} {
		p, err := l.Compile(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		_, err = p.Eval(t.Context(), sampleCaller())
		if fault.CodeOf(err) != fault.ExprUnavailable || !strings.Contains(err.Error(), "there are no ") || position(err) != "1:1" {
			t.Errorf("%s: %v", src, err)
		}
	}
	for src, want := range map[string]any{`@user.username()`: "ann", `@user.loggedIn()`: true} {
		p, err := l.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Eval(t.Context(), sampleCaller()); err != nil || got != want {
			t.Errorf("%s: %v, %v", src, got, err)
		}
	}
	for _, caller := range []any{nil, "", "anonymousUser", 7} {
		p, err := l.Compile(`@user.loggedIn()`)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Eval(t.Context(), expr.Env{expr.Caller: caller}); err != nil || got != false {
			t.Errorf("caller %v: %v, %v", caller, got, err)
		}
	}
}

// strangeWorld gives what a world should not.
type strangeWorld struct{ sampleWorld }

func (strangeWorld) Property(_ context.Context, _, name string) (expr.Property, bool, error) {
	switch name {
	case "struct":
		return expr.Property{Value: &spy{"S3CRET"}}, true, nil
	case "shared":
		return expr.Property{Value: shared(40)}, true, nil
	case "large":
		return expr.Property{Value: strings.Repeat("a", 40<<20)}, true, nil
	case "typed":
		return expr.Property{Value: map[string][]int64{"a": {1}}}, true, nil
	case "retry":
		return expr.Property{}, false, fault.New(fault.StoreUnavailable, "the store does not answer").WithRetry(0)
	}
	return expr.Property{}, false, context.DeadlineExceeded
}

func (strangeWorld) User(context.Context, string) (expr.User, bool, error) {
	return expr.User{DisplayName: "Eve\r\nBcc: x@example.org <", Email: "eve@example.org"}, true, nil
}

func TestStrangeWorld(t *testing.T) {
	t.Parallel()
	l := expr.New(expr.Options{Properties: strangeWorld{}, Users: strangeWorld{}})
	for name, c := range map[string]struct {
		src, want string
		code      fault.Code
	}{
		"a Go value":   {`@property.value('struct')`, "neither null, boolean", fault.ExprEval},
		"shared":       {`@property.value('shared')`, "limit of", fault.ExprLimit},
		"too large":    {`@property.value('large')`, "limit of", fault.ExprLimit},
		"slow":         {`@property.value('x')`, "reading a property", fault.ExprEval},
		"out of order": {`@property.value('retry')`, "the store does not answer", fault.StoreUnavailable},
	} {
		p, err := l.Compile(c.src)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Eval(t.Context(), nil)
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s: %s %v", name, fault.CodeOf(err), err)
		}
		if retry, _ := fault.Retryable(err); retry != (c.code == fault.StoreUnavailable) {
			t.Errorf("%s: retryable is %v", name, retry)
		}
	}
	for src, want := range map[string]any{
		`@property.value('typed').a[0]`: 1,
		`@user.emailAndDisplayName()`:   "EveBcc x@example.org  <eve@example.org>",
	} {
		p, err := l.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Eval(t.Context(), nil); err != nil || got != want {
			t.Errorf("%s: %q, %v", src, got, err)
		}
	}
}

// isOurs reports whether expressions may fail with the code.
func isOurs(code fault.Code) bool {
	return slices.Contains([]fault.Code{fault.ExprSyntax, fault.ExprType, fault.ExprLimit, fault.ExprEval}, code)
}

// slowWorld answers after a minute of its clock, or when nobody waits any more.
type slowWorld struct {
	sampleWorld
	now   *time.Time
	hangs bool
}

func (w slowWorld) Property(ctx context.Context, caller, name string) (expr.Property, bool, error) {
	if w.hangs {
		<-ctx.Done()
		return expr.Property{}, false, ctx.Err()
	}
	*w.now = w.now.Add(time.Minute)
	return w.sampleWorld.Property(ctx, caller, name)
}

// TestWaitingIsLimited: answers may take longer than an evaluation, and not longer than MaxWait in all.
func TestWaitingIsLimited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src   string
		hangs bool
		most  time.Duration
		ends  string
	}{
		"longer than MaxTime": {`@property.value('/demo/limit') + count(1..5000, # > 0)`, false, time.Hour, ""},
		"too many":            {`map(1..100, @property.value('/demo/limit'))`, false, time.Hour, "the limit of 1h0m0s"},
		"never":               {`@property.value('/demo/limit')`, true, time.Millisecond, "the limit of 1ms"},
		"far too many":        {`map(1..2000, @user.email())`, false, time.Hour, "steps"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(0, 0)
			w := slowWorld{now: &now, hangs: c.hangs}
			l := expr.New(expr.Options{Properties: w, Users: w, MaxTime: time.Second, MaxWait: c.most, Now: func() time.Time { return now }})
			p, err := l.Compile(c.src)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Eval(t.Context(), nil)
			if (err != nil) != (c.ends != "") || err != nil && (fault.CodeOf(err) != fault.ExprLimit || !strings.Contains(err.Error(), c.ends)) {
				t.Errorf("%s %v", fault.CodeOf(err), err)
			}
		})
	}
}
