package ingress

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// TestAllowedNames: with the preset mtls the setting allow holds names of clients too; with others never.
func TestAllowedNames(t *testing.T) {
	t.Parallel()
	presets, err := verify.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := &Directory{presets: presets}
	addresses := []string{"192.0.2.0/24", "2001:db8::1", "@github", "10.0.0.300", "10.0.0.1/33"}
	names := []string{"sender.example.com", "*.example.com", "CN=Ada", "ada@example.com", "spiffe://example.com/a", "1password.com", "abc.de"}
	w := webhook.Webhook{Allow: append(append([]string{}, addresses...), names...), Verify: webhook.Verify{Preset: "mtls"}}
	gotAddresses, gotNames := d.allowed(w)
	if diff := cmp.Diff(addresses, gotAddresses) + cmp.Diff(names, gotNames); diff != "" {
		t.Error(diff)
	}
	v, _, _, err := d.material(w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names, v.Options["allow"]); diff != "" {
		t.Error(diff)
	}
	w.Verify.Preset = "ip-allow-list"
	if gotAddresses, gotNames = d.allowed(w); len(gotAddresses) != len(w.Allow) || gotNames != nil {
		t.Errorf("names with a preset that has none: %q", gotNames)
	}
	if v, _, _, err = d.material(w); err != nil || len(v.Options["allow"]) != len(w.Allow) {
		t.Errorf("%v, %v", v.Options, err)
	}
	w.Verify.Preset = "jwt"
	if v, _, _, err = d.material(w); err != nil || len(v.Options["allow"]) != 0 {
		t.Errorf("%v, %v", v.Options, err)
	}
}
