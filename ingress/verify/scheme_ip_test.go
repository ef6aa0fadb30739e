package verify_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestAddressSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options   webhook.Options
		material  verify.Material
		parameter string
		want      string
	}{
		"no addresses":         {nil, verify.Material{}, "allow", "needs addresses or networks"},
		"empty list":           {webhook.Options{"allow": {}}, verify.Material{}, "allow", "empty"},
		"empty address":        {webhook.Options{"allow": {"192.0.2.1,"}}, verify.Material{}, "allow", "empty"},
		"host name":            {webhook.Options{"allow": {"example.com"}}, verify.Material{}, "allow", "is no address"},
		"bits behind the mask": {webhook.Options{"allow": {"10.1.0.0/8"}}, verify.Material{}, "allow", "bits behind its mask"},
		"unknown list":         {webhook.Options{"allow": {"@gihub"}}, verify.Material{}, "allow", `there is no address list "gihub"`},
		"everybody as a proxy": {webhook.Options{"allow": {"192.0.2.1"}, "trustedProxies": {"::/0"}}, verify.Material{}, "trustedProxies", "everybody claim"},
		"list as a proxy":      {webhook.Options{"allow": {"192.0.2.1"}, "trustedProxies": {"@github"}}, verify.Material{}, "trustedProxies", "is no address"},
		"secret":               {webhook.Options{"allow": {"192.0.2.1"}}, secrets([]byte("x")), "secrets", "uses no secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := load(t).Compile(webhook.Verify{Preset: "ip-allow-list", Options: c.options}, c.material)
			if err == nil || v != nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestOwnAddressLists: the lists of the operator are those that an @ names.
func TestOwnAddressLists(t *testing.T) {
	t.Parallel()
	lists, err := netlist.Load(fstest.MapFS{"office.txt": {Data: []byte("203.0.113.0/24\n")}})
	if err != nil {
		t.Fatal(err)
	}
	w := webhook.Verify{Preset: "ip-allow-list", Options: webhook.Options{"allow": {"@office", "@github"}}}
	v := compileWith(t, w, verify.Material{Lists: lists})
	for peer, want := range map[string]verify.Reason{"203.0.113.7": "", "140.82.115.9": "", "192.0.2.1": verify.AddressRefused} {
		req := verify.Request{Method: http.MethodPost, Header: fields{}, Peer: netip.MustParseAddr(peer)}
		if _, err := v.Verify(req, schemeNow); reason(err) != want {
			t.Errorf("%s: %v", peer, err)
		}
	}
}

func BenchmarkAddress(b *testing.B) {
	w := webhook.Verify{Preset: "ip-allow-list", Options: webhook.Options{"allow": {"@github", "@stripe"}, "trustedProxies": {"10.0.0.0/8"}}}
	v := compileWith(b, w, verify.Material{})
	req := verify.Request{
		Method: http.MethodPost, Peer: netip.MustParseAddr("10.0.0.1"),
		Header: fields{"X-Forwarded-For": {"203.0.113.9, 140.82.115.9, 10.0.0.2"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(req, schemeNow); err != nil {
			b.Fatal(err)
		}
	}
}
