package pipeline

import (
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/value"
)

// redactor copies values without their secrets.
type redactor struct {
	scrub   func(string) string
	changed bool // something was replaced
}

// value gives v with every known secret replaced, and whatever stands under a name of a secret.
func (w *redactor) value(v any) any { return w.inside(v, 0) }

func (w *redactor) inside(v any, depth int) any {
	if depth > value.MaxDepth {
		return v // refused when it is encoded
	}
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		return w.text(v)
	case int, float64, json.Number:
		text, err := value.AppendJSON(nil, v)
		if err != nil || w.scrub(string(text)) == string(text) {
			return v
		}
		w.changed = true
		return secret.Redacted
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = w.inside(item, depth+1)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			if item != nil && item != "" && soundsSecret(name) {
				w.changed = true
				out[name] = secret.Redacted
				continue
			}
			out[w.text(name)] = w.inside(item, depth+1)
		}
		return out
	}
	plain, err := value.Normalize(v)
	if err != nil {
		return nil
	}
	return w.inside(plain, depth+1)
}

func (w *redactor) text(text string) string {
	clean := w.scrub(text)
	w.changed = w.changed || clean != text
	return clean
}

// params gives the parameters of a call; those that the command's description marks as secret are replaced.
func (w *redactor) params(s *step, args map[string]any) map[string]any {
	out := make(map[string]any, len(args))
	for name, v := range args {
		if p, known := s.def.Spec.Param(name); known && p.Secret && v != nil {
			out[name] = secret.Redacted
			continue
		}
		if v != nil && v != "" && soundsSecret(name) {
			v = secret.Redacted
		}
		out[name] = w.inside(v, 1)
	}
	return out
}

// soundsSecret reports whether what stands under such a name is not to be shown, whatever the case and the
// signs between its words: Authorization, set-cookie, client_secret, apiKey.
func soundsSecret(name string) bool {
	plain := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return -1
	}, name)
	for _, end := range [...]string{
		"authorization", "cookie", "cookies", "password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "tokens",
		"apikey", "accesskey", "privatekey", "credential", "credentials",
	} {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return false
}

// secrets lists the texts in parameters that are marked as secret.
func (s *step) secrets(args map[string]any) (texts []string) {
	for i := range s.def.Spec.Params {
		if p := &s.def.Spec.Params[i]; p.Secret {
			texts = textsIn(args[p.Name], texts)
		}
	}
	return texts
}

func textsIn(v any, texts []string) []string {
	switch v := v.(type) {
	case string:
		return append(texts, v)
	case []any:
		for _, item := range v {
			texts = textsIn(item, texts)
		}
	case map[string]any:
		for _, item := range v {
			texts = textsIn(item, texts)
		}
	}
	return texts
}

// clean takes the secrets that the process knows out of a text for the record.
func (x *execution) clean(text string) string {
	if x.in.Record.Scrub == nil {
		return text
	}
	return x.in.Record.Scrub(text)
}

// discretion keeps the secret parameters of one call out of what the call tells.
type discretion struct{ scrub *secret.Scrubber }

// discreet gives nil where the call has no secret parameters.
func (x *execution) discreet(s *step, args map[string]any) *discretion {
	if !s.private {
		return nil
	}
	texts := s.secrets(args)
	if len(texts) == 0 {
		return nil
	}
	d := &discretion{secret.NewScrubber()}
	for _, text := range texts {
		d.scrub.Add(text)
	}
	if x.recorder != nil {
		x.recorder.learn(texts)
	}
	return d
}

func (d *discretion) logger(l *slog.Logger) *slog.Logger {
	if d == nil {
		return l
	}
	return slog.New(d.scrub.Handler(l.Handler()))
}

// err gives a failure without the secrets in its texts; what it is stays the same.
func (d *discretion) err(err error) error {
	if d == nil || err == nil {
		return err
	}
	var e *fault.Error
	if !errors.As(err, &e) {
		return &quiet{d.scrub.Scrub(err.Error()), err}
	}
	clean := *e
	clean.Message, clean.Hint, clean.Where = d.scrub.Scrub(e.Message), d.scrub.Scrub(e.Hint), d.scrub.Scrub(e.Where)
	if e.Cause != nil {
		clean.Cause = &quiet{d.scrub.Scrub(e.Cause.Error()), e.Cause}
	}
	return &clean
}

// quiet is an error that tells less.
type quiet struct {
	text string
	err  error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.err }

// isPrivate reports whether a command takes secrets.
func isPrivate(spec *command.Spec) bool {
	return slices.ContainsFunc(spec.Params, func(p command.Param) bool { return p.Secret })
}
