package egress_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// answers is a resolver that knows every name at the same addresses.
type answers []netip.Addr

func (a answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if len(a) == 0 {
		return nil, &net.DNSError{IsNotFound: true}
	}
	return a, nil
}

// FuzzURLGuard holds the guard's verdict against the address that would be dialled: whatever URL and
// addresses, only public addresses at ports 80 and 443 are connected to, and the guard reads the
// same host out of the URL as the standard library's client does.
func FuzzURLGuard(f *testing.F) {
	for _, scheme := range []string{"http", "https"} {
		for _, tc := range ssrf.Cases(scheme, 443) {
			f.Add(tc.URL, []byte{127, 0, 0, 1})
		}
	}
	f.Add("https://public.test/a?b#c", netip.MustParseAddr(ssrf.Public).AsSlice())
	f.Add("https://8.8.8.8:443/", []byte{})
	f.Add("https://PUBLIC.test:80/", append(make([]byte, 15), 1))
	f.Add("https://a.test/", netip.MustParseAddr("::ffff:10.0.0.1").AsSlice())
	f.Add("https://a.test/", netip.MustParseAddr("64:ff9b::a00:1").AsSlice())
	f.Fuzz(func(t *testing.T, raw string, found []byte) {
		resolver := answers(split(found))
		var dialled []netip.AddrPort
		c := egress.New(egress.Options{PlainHTTP: true, Resolver: resolver})
		c.Watch(func(to netip.AddrPort) error {
			dialled = append(dialled, to)
			return errStopped
		})
		_, err := c.Do(t.Context(), egress.Request{URL: raw})
		switch fault.CodeOf(err) {
		case fault.EgressDenied:
			if len(dialled) > 0 {
				t.Fatalf("%q was denied after %v was dialled", raw, dialled)
			}
			return
		case fault.EgressFailed:
		default:
			t.Fatalf("%q: %v", raw, err)
		}
		for _, to := range dialled {
			if why := notPublic(to.Addr()); why != "" || to.Port() != 80 && to.Port() != 443 {
				t.Fatalf("%q: dialled %s (%s)", raw, to, why)
			}
		}
		for _, a := range resolver {
			if why := notPublic(a); why != "" && !literal(raw) {
				t.Fatalf("%q: not denied although one of its addresses is %s (%s)", raw, a, why)
			}
		}
		if theirs, ok := standard(t.Context(), raw); ok && len(dialled) > 0 {
			host, port, err := net.SplitHostPort(theirs)
			if err != nil {
				t.Fatal(err)
			}
			a, err := netip.ParseAddr(host)
			if err == nil && a.Unmap() != dialled[0].Addr().Unmap() || port != strconv.Itoa(int(dialled[0].Port())) {
				t.Fatalf("%q: dialled %v, the standard library would dial %s", raw, dialled, theirs)
			}
		}
	})
}

// split reads addresses of 16 bytes and, at the end, one of 4.
func split(text []byte) []netip.Addr {
	var list []netip.Addr
	for len(text) >= 16 {
		list = append(list, netip.AddrFrom16([16]byte(text)))
		text = text[16:]
	}
	if len(text) >= 4 {
		list = append(list, netip.AddrFrom4([4]byte(text)))
	}
	return list[:min(len(list), 8)]
}

// notPublic is a second opinion, made of what the standard library knows and of the bytes.
func notPublic(a netip.Addr) string {
	a = a.Unmap()
	switch {
	case a.Zone() != "":
		return "zone"
	case a.IsLoopback():
		return "loopback"
	case a.IsPrivate():
		return "private"
	case a.IsUnspecified():
		return "unspecified"
	case a.IsMulticast(), a.IsLinkLocalUnicast(), !a.IsGlobalUnicast():
		return "local"
	}
	if a.Is4() {
		b := a.As4()
		switch {
		case b[0] == 0, b[0] >= 224, b[0] == 100 && b[1]&0xc0 == 64, b[0] == 192 && b[1] == 0 && b[2] == 0, b[0] == 192 && b[1] == 0 && b[2] == 2,
			b[0] == 198 && b[1]&0xfe == 18, b[0] == 198 && b[1] == 51 && b[2] == 100, b[0] == 203 && b[1] == 0 && b[2] == 113,
			b[0] == 192 && b[1] == 88 && b[2] == 99:
			return "special"
		}
		return ""
	}
	b := a.As16()
	if strings.HasPrefix(string(b[:]), "\x00\x64\xff\x9b\x00\x00\x00\x00\x00\x00\x00\x00") {
		return notPublic(netip.AddrFrom4([4]byte(b[12:])))
	}
	switch {
	case b[0]&0xe0 != 0x20:
		return "outside 2000::/3"
	case b[0] == 0x20 && b[1] == 0x02, b[0] == 0x20 && b[1] == 0x01 && b[2] < 2, b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8,
		b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10:
		return "special"
	}
	return ""
}

// literal says whether the URL's host is an address, so that no name is asked for.
func literal(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err == nil
}

// standard gives the host and port that the standard library's client would connect to.
func standard(ctx context.Context, raw string) (address string, ok bool) {
	c := http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, _, to string) (net.Conn, error) {
		address = to
		return nil, errStopped
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return "", false
	}
	res, err := c.Do(req)
	if err == nil {
		res.Body.Close()
	}
	return address, errors.Is(err, errStopped) && address != ""
}
