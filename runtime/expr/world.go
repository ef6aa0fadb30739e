package expr

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// What expressions can ask of the world around them. All of it only reads; implementations are used from
// many goroutines, decide themselves what an expression may see, return when ctx ends, and give values of
// package value. Their errors reach the author of the pipeline, so they hold no secrets. A caller is the
// name of the identity whose rights the run has, empty when nobody is known.

// Property is one entry of the property store.
type Property struct {
	Path    string
	Type    string // such as application/json
	Value   any
	Created time.Time // zero = unknown
	Updated time.Time // zero = unknown
}

// Properties is the store that @property reads.
type Properties interface {
	// Property gives the entry at path, false when there is none.
	Property(ctx context.Context, caller, path string) (Property, bool, error)
	// Matching gives the entries that an Ant pattern names (* within a level, ** over levels), ordered by path.
	Matching(ctx context.Context, caller, pattern string) ([]Property, error)
}

// User is what is known of an identity; unknown fields are empty.
type User struct {
	Name, UUID, FirstName, LastName, DisplayName, Email string
	Locale                                              string // such as de or en-GB
	Zone                                                string // such as Europe/Berlin
}

// Users knows the identities that @user speaks of.
type Users interface {
	// User gives the identity with this name, UUID or mail address, false when there is none.
	User(ctx context.Context, name string) (User, bool, error)
	// Holds reports whether the identity of that name holds a permission.
	Holds(ctx context.Context, name, permission string) (bool, error)
}

// Instance tells @instance what runs the expression.
type Instance interface {
	// Fact gives what is known under one of the names version, build, stage, domain, namespace, url, or
	// url.NAME for a service; false when it is not known.
	Fact(name string) (string, bool)
	Profiles() []string
	Uptime() time.Duration
	// Env gives a variable of the environment that expressions may see.
	Env(name string) (string, bool)
}

// Resolver reads what a URI names.
type Resolver interface {
	// Resolve reads the part behind the scheme: "property" and "a/b" of $uri:property:a/b, "https" and
	// "//host/path" of https://host/path.
	Resolve(ctx context.Context, caller, scheme, rest string) (any, error)
}

// unavailable says that a part of the world is missing.
func unavailable(what string) error {
	return fault.New(fault.ExprUnavailable, "there are no %s here", what)
}

// askSteps is the work of one question to the world, so that their number is limited too.
const askSteps = 1000

// ask puts a question to the world. The time that answers take has a limit of its own, for all questions
// of an evaluation together; it does not count as time of the evaluation.
func (st *state) ask(what string, question func(ctx context.Context) error) error {
	if err := st.step(askSteps); err != nil {
		return err
	}
	options := &st.lang.options
	left := options.MaxWait - st.waited
	if left <= 0 {
		return overdue(options.MaxWait)
	}
	ctx, cancel := context.WithTimeout(st.ctx, left)
	defer cancel()
	st.lighten()
	began := options.Now()
	err := question(ctx)
	took := options.Now().Sub(began)
	st.waited += took
	if !st.began.IsZero() {
		st.began = st.began.Add(took)
	}
	if err != nil && ctx.Err() != nil && st.ctx.Err() == nil {
		return overdue(options.MaxWait)
	}
	if err != nil {
		return asking(err, what)
	}
	return nil
}

func overdue(most time.Duration) error {
	return fault.New(fault.ExprLimit, "the limit of %s for what an expression waits for is exceeded", most)
}

// asking wraps an error of the world, keeping its code and whether it is worth trying again.
func asking(err error, what string) error {
	code := fault.CodeOf(err)
	if code == fault.Internal {
		code = fault.ExprEval
	}
	return fault.Wrap(code, err, "reading %s", what)
}

// admit takes a value of the world into an evaluation, against its limits.
func (st *state) admit(v any) (any, error) {
	v, err := value.Normalize(v)
	if err != nil {
		return nil, fault.Wrap(fault.ExprEval, err, "reading a value from outside the expression")
	}
	size, err := st.measure(v, 0)
	if err != nil {
		return nil, err
	}
	return v, st.grow(size)
}
