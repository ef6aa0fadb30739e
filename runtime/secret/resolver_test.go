package secret_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

func resolver() *secret.Resolver {
	return secret.NewResolver(secret.Options{
		Environ: func() []string { return []string{"TOKEN=from-environment", "EMPTY=", "BROKEN"} },
		ReadFile: func(path string) ([]byte, error) {
			switch path {
			case "/run/secret":
				return []byte("from-file\r\n"), nil
			case "/run/lines":
				return []byte("two\nlines\n\n"), nil
			case "/run/empty":
				return []byte("\n"), nil
			case "/run/large":
				return []byte(strings.Repeat("x", secret.MaxSize+1)), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ref, want, wantErr string
		code               fault.Code
	}{
		"environment":        {ref: "env:TOKEN", want: "from-environment"},
		"file":               {ref: "file:/run/secret", want: "from-file"},
		"one line break":     {ref: "file:/run/lines", want: "two\nlines\n"},
		"literal":            {ref: "pa:ss:word", want: "pa:ss:word"},
		"unset":              {ref: "env:NOPE", code: fault.ConfigEnv, wantErr: `environment variable "NOPE" is not set`},
		"without =":          {ref: "env:BROKEN", code: fault.ConfigEnv, wantErr: `environment variable "BROKEN" is not set`},
		"empty variable":     {ref: "env:EMPTY", code: fault.ConfigValue, wantErr: "the secret env:EMPTY is empty"},
		"empty file":         {ref: "file:/run/empty", code: fault.ConfigValue, wantErr: "the secret file:/run/empty is empty"},
		"empty literal":      {ref: "", code: fault.ConfigValue, wantErr: "the secret is empty"},
		"missing file":       {ref: "file:/nope", code: fault.ConfigRead, wantErr: "reading a secret: open /nope: file does not exist"},
		"large file":         {ref: "file:/run/large", code: fault.ConfigValue, wantErr: "the secret file:/run/large is larger than 65536 bytes"},
		"large literal":      {ref: strings.Repeat("x", secret.MaxSize+1), code: fault.ConfigValue, wantErr: "the secret is larger than 65536 bytes"},
		"case of the scheme": {ref: "ENV:TOKEN", want: "ENV:TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resolver().Resolve(c.ref)
			if err != nil && (err.Error() != c.wantErr || fault.CodeOf(err) != c.code) {
				t.Errorf("got %q (%s), want %q (%s)", err, fault.CodeOf(err), c.wantErr, c.code)
			}
			if got != c.want || (err != nil) != (c.wantErr != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestResolverRemembers(t *testing.T) {
	t.Parallel()
	r := resolver()
	if got := r.Scrubber().Scrub("from-environment"); got != "from-environment" {
		t.Errorf("scrubbed %q before it was handed out", got)
	}
	for _, ref := range []string{"env:TOKEN", "a literal secret"} {
		if _, err := r.Resolve(ref); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Scrubber().Scrub("x=from-environment, y=a literal secret"); got != "x=[redacted], y=[redacted]" {
		t.Error(got)
	}
}

func TestZeroOptionsKnowNoEnvironment(t *testing.T) {
	t.Setenv("PENSTOCK_TEST_SECRET", "must not be seen")
	if _, err := secret.NewResolver(secret.Options{}).Resolve("env:PENSTOCK_TEST_SECRET"); fault.CodeOf(err) != fault.ConfigEnv {
		t.Errorf("got %v", err)
	}
}
