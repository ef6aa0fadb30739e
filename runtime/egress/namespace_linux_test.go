package egress_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/penstock/penstock/internal/testkit/child"
	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// TestNothingIsSent repeats the forbidden URLs where every address of IPv4 and IPv6 is this machine: in a
// network namespace of its own, whose one listener sees a connection to whatever address.
func TestNothingIsSent(t *testing.T) {
	if _, ok := child.Args(); ok {
		everywhere(t)
		return
	}
	p, err := child.TryStart(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
	}, "everywhere")
	if err != nil {
		if os.Getenv("PENSTOCK_SKIP_NAMESPACE_TESTS") != "" {
			t.Skipf("SKIPPED, NOT TESTED: starting a network namespace: %v", err)
		}
		t.Fatalf("starting a network namespace: %v; allow user namespaces, or set PENSTOCK_SKIP_NAMESPACE_TESTS to leave this untested", err)
	}
	for line, ok := p.Line(); ok; line, ok = p.Line() {
		t.Log(line)
	}
	p.Wait()
}

func everywhere(t *testing.T) {
	for _, args := range []string{"link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, out)
		}
	}
	report := child.Reporter()
	listener := ssrf.Listen(t, 0)
	resolver := ssrf.Serve(t, ssrf.Zone())
	options := egress.Options{PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, Resolver: resolver}
	open := options
	open.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

	guarded, unguarded := egress.New(options), egress.New(open)
	denied, reached := 0, 0
	for _, scheme := range []string{"http", "https"} {
		for _, tc := range ssrf.Cases(scheme, listener.Port) {
			_, err := guarded.Do(t.Context(), egress.Request{URL: tc.URL})
			wantCode(t, tc.Name, err, fault.EgressDenied)
			if seen := listener.Seen(t); len(seen) > 0 {
				t.Errorf("%s %s: connections to %v", scheme, tc.Name, seen)
			}
			denied++
			if _, err := unguarded.Do(t.Context(), egress.Request{URL: tc.URL}); err == nil {
				t.Errorf("%s: the listener answers", tc.Name)
			}
			if len(listener.Seen(t)) > 0 {
				reached++
			}
		}
	}
	if reached < 100 {
		t.Errorf("without the guard only %d URLs reach the listener: it proves little", reached)
	}
	// And a public address does reach it.
	_, err := guarded.Do(t.Context(), egress.Request{URL: fmt.Sprintf("http://public.test:%d/", listener.Port)})
	wantCode(t, "public", err, fault.EgressFailed)
	if seen := listener.Seen(t); len(seen) == 0 {
		t.Error("a public address was not reached")
	}
	if err := report(fmt.Sprintf("%d URLs denied, 0 connections seen; with every network open %d of them reached the listener", denied, reached)); err != nil {
		t.Error(err)
	}
}
