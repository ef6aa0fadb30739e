package egress_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// TestForbidden asks for every forbidden URL, by both schemes, on the port of a listener that sees each
// connection to this machine; the port itself is open.
func TestForbidden(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	resolver := ssrf.Serve(t, ssrf.Zone())
	count := 0
	for _, scheme := range []string{"http", "https"} {
		c := egress.New(egress.Options{PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, Resolver: resolver})
		indoors(c, func(to netip.AddrPort) { t.Errorf("%s would be connected to", to) })
		for _, tc := range ssrf.Cases(scheme, listener.Port) {
			_, err := c.Do(t.Context(), egress.Request{URL: tc.URL})
			wantCode(t, scheme+" "+tc.Name, err, fault.EgressDenied)
			count++
		}
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
	t.Logf("%d URLs denied, 0 connections seen", count)
}

// TestForbiddenWithoutGuard shows that the listener would have seen them: with every network open, the
// same client reaches it by each spelling of this machine that it reads as an address or a name.
func TestForbiddenWithoutGuard(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	c := egress.New(egress.Options{
		PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, Resolver: ssrf.Serve(t, ssrf.Zone()),
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
	})
	indoors(c, nil)
	for _, host := range []string{"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "loop.test", "loop6.test", "mapped.test", "cname.test", "chain.test", "127.0.0.1.test"} {
		_, err := c.Do(t.Context(), egress.Request{URL: fmt.Sprintf("http://%s:%d/", host, listener.Port)})
		wantCode(t, host, err, fault.EgressFailed) // the listener hangs up
		if seen := listener.Seen(t); len(seen) == 0 {
			t.Errorf("%s: the listener saw nothing", host)
		}
	}
}

// TestForbiddenRedirects answers from an allowed server with a redirect to every forbidden URL.
func TestForbiddenRedirects(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	statuses := []int{301, 302, 303, 307, 308}
	if testing.Short() {
		statuses = statuses[:1]
	}
	count, served := 0, 0
	for _, scheme := range []string{"http", "https"} {
		var asked atomic.Int64
		cases := ssrf.Cases(scheme, listener.Port)
		s, host, roots := server(t, scheme == "https", func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			i, _ := strconv.Atoi(r.FormValue("case"))
			status, _ := strconv.Atoi(r.FormValue("status"))
			w.Header()["Location"] = []string{cases[i].URL}
			w.WriteHeader(status)
		})
		c := egress.New(egress.Options{
			PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, AllowHosts: []string{host}, RootCAs: roots,
			Resolver: ssrf.Serve(t, ssrf.Zone()),
		})
		indoors(c, func(to netip.AddrPort) { t.Errorf("%s would be connected to", to) })
		for i, tc := range cases {
			if tc.URL == "" || strings.ContainsAny(tc.URL, "\r\n\x00") {
				continue // no server can send these
			}
			for _, status := range statuses {
				_, err := c.Do(t.Context(), egress.Request{URL: fmt.Sprintf("%s/?case=%d&status=%d", s.URL, i, status)})
				wantCode(t, fmt.Sprint(scheme, status, tc.Name), err, fault.EgressDenied)
				count++
			}
		}
		served += int(asked.Load())
	}
	if served != count {
		t.Errorf("%d redirects were served, of %d", served, count)
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
	t.Logf("%d redirects denied, 0 connections seen", count)
}

// TestRebinding has a name server that gives an open address first and a closed one afterwards.
func TestRebinding(t *testing.T) {
	t.Parallel()
	// The open server of the name is at another address of the same port.
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	open := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/close" {
			w.Header().Set("Connection", "close")
		}
		fmt.Fprint(w, "open")
	})}
	go func() { _ = open.Serve(l) }()
	t.Cleanup(func() { open.Close() })
	at := uint16(l.Addr().(*net.TCPAddr).Port)
	target := ssrf.ListenLoopback(t, int(at))

	for name, answers := range map[string][]ssrf.Answer{
		"loopback": {{Addresses: []string{"::1"}}, {Addresses: []string{"127.0.0.1"}}},
		"mixed":    {{Addresses: []string{"::1"}}, {Addresses: []string{"::1", "127.0.0.1"}}},
		"metadata": {{Addresses: []string{"::1"}}, {Addresses: []string{"169.254.169.254"}}},
	} {
		c := egress.New(egress.Options{
			PlainHTTP: true, Ports: []uint16{at}, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("::1/128")},
			Resolver: ssrf.Serve(t, ssrf.Names{"rebind.test": answers}),
		})
		indoors(c, func(to netip.AddrPort) { t.Errorf("%s: %s would be connected to", name, to) })
		base := fmt.Sprintf("http://rebind.test:%d", at)
		// All requests of the kept connection go to the address that was judged.
		for range 3 {
			if res, err := c.Do(t.Context(), egress.Request{URL: base + "/keep"}); err != nil || string(res.Body) != "open" {
				t.Fatalf("%s: %q, %v", name, res.Body, err)
			}
		}
		if _, err := c.Do(t.Context(), egress.Request{URL: base + "/close"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 3 {
			_, err := c.Do(t.Context(), egress.Request{URL: base + "/again"})
			wantCode(t, name, err, fault.EgressDenied)
		}
	}
	if seen := target.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
}

// TestPorts: without being listed, only 80 and 443 are open, also on an open network.
func TestPorts(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	var dialled []netip.AddrPort
	c := egress.New(egress.Options{PlainHTTP: true, AllowNetworks: everything, AllowHosts: []string{"127.0.0.1"}, Resolver: ssrf.Serve(t, ssrf.Zone())})
	c.Watch(func(to netip.AddrPort) error {
		dialled = append(dialled, to)
		return errStopped
	})
	for _, p := range []int{1, 21, 22, 25, 53, 110, 465, 587, 2375, 6379, 8080, 8443, 9200, 65535, listener.Port} {
		for _, host := range []string{"127.0.0.1", "public.test", ssrf.Public} {
			for _, scheme := range []string{"http", "https"} {
				_, err := c.Do(t.Context(), egress.Request{URL: fmt.Sprintf("%s://%s:%d/", scheme, host, p)})
				wantCode(t, fmt.Sprint(host, p), err, fault.EgressDenied)
			}
		}
	}
	if len(dialled) > 0 {
		t.Errorf("connections to %v", dialled)
	}
	for _, url := range []string{"http://public.test/", "https://public.test/", "https://public.test:80/", "http://public.test:443/"} {
		_, err := c.Do(t.Context(), egress.Request{URL: url})
		wantCode(t, url, err, fault.EgressFailed)
	}
	if len(dialled) != 4 {
		t.Errorf("dialled %v, want 4 places", dialled)
	}
}

// TestNoProxyFromEnvironment is not parallel, because it changes the environment.
func TestNoProxyFromEnvironment(t *testing.T) {
	proxy := ssrf.Listen(t, 0)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, fmt.Sprintf("http://127.0.0.1:%d", proxy.Port))
	}
	c := egress.New(egress.Options{PlainHTTP: true, Resolver: ssrf.Serve(t, ssrf.Zone())})
	var dialled []netip.AddrPort
	c.Watch(func(to netip.AddrPort) error {
		dialled = append(dialled, to)
		return errStopped
	})
	for _, url := range []string{"http://public.test/", "https://public.test/"} {
		_, err := c.Do(t.Context(), egress.Request{URL: url})
		wantCode(t, url, err, fault.EgressFailed)
	}
	if seen := proxy.Seen(t); len(seen) > 0 {
		t.Errorf("the proxy of the environment was used: %v", seen)
	}
	want := []netip.AddrPort{netip.MustParseAddrPort(ssrf.Public + ":80"), netip.MustParseAddrPort(ssrf.Public + ":443")}
	if len(dialled) != 2 || dialled[0] != want[0] || dialled[1] != want[1] {
		t.Errorf("dialled %v, want %v", dialled, want)
	}
}

// TestAllowListOpensThatOnly: an entry opens what it names and nothing beside it.
func TestAllowListOpensThatOnly(t *testing.T) {
	t.Parallel()
	prefix := netip.MustParsePrefix
	for name, tc := range map[string]struct {
		options egress.Options
		open    []string
		closed  []string
	}{
		"network": {
			egress.Options{AllowNetworks: []netip.Prefix{prefix("10.1.0.0/16")}},
			[]string{"10.1.0.1", "10.1.255.255", "[::ffff:10.1.2.3]"},
			[]string{"10.2.0.1", "10.0.255.255", "127.0.0.1", "[64:ff9b::a01:203]", "[2002:a01:203::]", "10.1.0.1:8080", "private.test"},
		},
		"mapped network": {
			egress.Options{AllowNetworks: []netip.Prefix{prefix("::ffff:10.1.0.0/112")}},
			[]string{"10.1.0.1", "[::ffff:10.1.2.3]"},
			[]string{"10.2.0.1", "[::1]"},
		},
		"all of IPv4": {
			egress.Options{AllowNetworks: []netip.Prefix{prefix("0.0.0.0/0")}},
			[]string{"10.1.0.1", "127.0.0.1", "loop.test", "169.254.1.1"},
			[]string{"169.254.169.254", "metadata.google.internal", "100.100.100.200", "168.63.129.16", "[::1]", "[fd00:ec2::254]"},
		},
		"one metadata address": {
			egress.Options{AllowNetworks: []netip.Prefix{prefix("169.254.169.254/32")}},
			[]string{"169.254.169.254", "metadata.google.internal"},
			[]string{"169.254.169.253", "169.254.170.2", "[fd00:ec2::254]"},
		},
		"name": {
			egress.Options{AllowHosts: []string{"LocalHost"}},
			[]string{"localhost", "LOCALHOST", "localhost:443"},
			[]string{"127.0.0.1", "loop.test", "loop6.test", "localhost:8080", "sub.localhost", "localhost."},
		},
		"name with port": {
			egress.Options{AllowHosts: []string{"loop.test:8080"}},
			[]string{"loop.test:8080"},
			[]string{"loop.test", "loop.test:80", "loop.test:8081", "127.0.0.1:8080", "localhost:8080", "public.test:8080"},
		},
		"address": {
			egress.Options{AllowHosts: []string{"127.0.0.1", "0:0::1"}},
			[]string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"},
			[]string{"127.0.0.2", "localhost", "loop.test", "loop6.test", "127.0.0.1:8080", "127.1"},
		},
		"address with port": {
			egress.Options{AllowHosts: []string{"[::1]:9000"}},
			[]string{"[::1]:9000", "[0::1]:9000"},
			[]string{"[::1]", "loop6.test:9000", "127.0.0.1:9000"},
		},
		"names never lead to metadata": {
			egress.Options{AllowHosts: []string{"metadata.google.internal", "metadata.test", "zero.test", "broadcast.test", "169.254.169.254", "0.0.0.0"}},
			nil,
			[]string{"metadata.google.internal", "metadata.test", "zero.test", "broadcast.test", "169.254.169.254", "0.0.0.0"},
		},
		"mixed name": {
			egress.Options{AllowHosts: []string{"mixed.test"}},
			[]string{"mixed.test"},
			[]string{"mixed-last.test"},
		},
		"port": {
			egress.Options{Ports: []uint16{8080}},
			[]string{"public.test:8080", "public.test"},
			[]string{"public.test:8081", "loop.test:8080"},
		},
		"entries that mean nothing": {
			egress.Options{AllowHosts: []string{"", "*", ".test", "*.test", "loop.test:", "loop.test:0", "loop.test:99999", "http://loop.test", "127.1", "::1%lo", "[::1]"}},
			nil,
			[]string{"loop.test", "127.0.0.1", "[::1]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.options.PlainHTTP = true
			tc.options.Resolver = ssrf.Serve(t, ssrf.Zone())
			c := egress.New(tc.options)
			c.Watch(func(netip.AddrPort) error { return errStopped })
			for _, host := range tc.open {
				_, err := c.Do(t.Context(), egress.Request{URL: "http://" + host + "/"})
				wantCode(t, host, err, fault.EgressFailed)
			}
			for _, host := range tc.closed {
				_, err := c.Do(t.Context(), egress.Request{URL: "http://" + host + "/"})
				wantCode(t, host, err, fault.EgressDenied)
			}
		})
	}
}

// TestPublic shows that the guard is not simply closed.
func TestPublic(t *testing.T) {
	t.Parallel()
	c := egress.New(egress.Options{Resolver: ssrf.Serve(t, ssrf.Zone())})
	var dialled []string
	c.Watch(func(to netip.AddrPort) error {
		dialled = append(dialled, to.String())
		return errStopped
	})
	for url, want := range map[string]string{
		"https://public.test/":                           ssrf.Public + ":443",
		"https://PUBLIC.test:443/a?b=ü#@127.0.0.1":       ssrf.Public + ":443",
		"https://8.8.8.8/":                               "8.8.8.8:443",
		"https://[::ffff:8.8.8.8]/":                      "8.8.8.8:443",
		"https://[2606:4700::1111]/":                     "[2606:4700::1111]:443",
		"https://[64:ff9b::808:808]/":                    "[64:ff9b::808:808]:443",
		"https://172.15.255.255/":                        "172.15.255.255:443",
		"https://172.32.0.1/":                            "172.32.0.1:443",
		"https://100.63.255.255/":                        "100.63.255.255:443",
		"https://223.255.255.255/":                       "223.255.255.255:443",
		"https://public.test/?u=http://127.0.0.1/@local": ssrf.Public + ":443",
	} {
		dialled = nil
		_, err := c.Do(t.Context(), egress.Request{URL: url})
		wantCode(t, url, err, fault.EgressFailed)
		if len(dialled) != 1 || dialled[0] != want {
			t.Errorf("%s: dialled %v, want %s", url, dialled, want)
		}
	}
}
