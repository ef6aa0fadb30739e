package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/secret"
)

const canary = "kanari-7f3a91-äöü/+&=?"

func TestValueShowsItselfToNobody(t *testing.T) {
	t.Parallel()
	type hidden struct {
		Public  secret.Value
		private secret.Value
	}
	v := secret.New(canary)
	in := hidden{Public: v, private: v}
	_ = in.private
	for name, show := range map[string]func() string{
		"%v":       func() string { return fmt.Sprintf("%v", v) },
		"%+v":      func() string { return fmt.Sprintf("%+v", in) },
		"%#v":      func() string { return fmt.Sprintf("%#v", in) },
		"%s":       func() string { return fmt.Sprintf("%s", v) },
		"%q":       func() string { return fmt.Sprintf("%q", v) },
		"%x":       func() string { return fmt.Sprintf("%x", v) },
		"%d":       func() string { return fmt.Sprintf("%d", v) },
		"pointer":  func() string { return fmt.Sprintf("%v %+v", &v, &in) },
		"list":     func() string { return fmt.Sprint([]secret.Value{v}, map[string]secret.Value{"a": v}) },
		"json":     func() string { out, _ := json.Marshal(in); return string(out) },
		"json map": func() string { out, _ := json.Marshal(map[string]any{"a": v}); return string(out) },
		"yaml":     func() string { out, _ := yaml.Marshal(in); return string(out) },
		"text":     func() string { out, _ := v.MarshalText(); return string(out) },
		"slog json": func() string {
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v, "in", in, "p", &v)
			return b.String()
		},
		"slog text": func() string {
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v, "in", in, "p", &v)
			return b.String()
		},
	} {
		got := show()
		if strings.Contains(got, "kanari") || got == "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	var zero secret.Value
	v := secret.New("one")
	if zero.Reveal() != "" || !zero.IsZero() || zero.String() != "" || !secret.New("").IsZero() {
		t.Error("the zero Value is not empty")
	}
	if v.Reveal() != "one" || v.IsZero() || v.String() != secret.Redacted {
		t.Errorf("got %q %q", v.Reveal(), v)
	}
	if !v.Equal(secret.New("one")) || v.Equal(secret.New("two")) || v.Equal(zero) {
		t.Error("Equal is wrong")
	}
}
