package verify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAddressed: without the address, every vector whose verifier says that it reads none is judged as with it.
func TestAddressed(t *testing.T) {
	t.Parallel()
	p := load(t)
	without, with := map[string]bool{}, map[string]bool{}
	for _, v := range p.Vectors() {
		verifier, err := p.Compile(v.Settings, v.Material)
		if err != nil {
			continue
		}
		if verifier.Addressed() {
			with[v.Preset] = true
			continue
		}
		without[v.Preset] = true
		want, wantErr := verifier.Verify(v.Request, v.Now)
		bare := v.Request
		bare.Target, bare.URL = "", ""
		got, err := verifier.Verify(bare, v.Now)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%s, %s: %v, want %v: %s", v.Preset, v.Name, err, wantErr, diff)
		}
	}
	for _, name := range []string{"twilio", "hubspot-v3", "square", "meta", "rfc9421", "azure-event-grid"} {
		if !with[name] {
			t.Errorf("%s reads no address", name)
		}
	}
	for _, name := range []string{"github", "stripe", "slack", "gitlab", "hmac"} {
		if !without[name] {
			t.Errorf("%s reads the address", name)
		}
	}
	t.Logf("%d presets read the address, %d do not", len(with), len(without))
}
