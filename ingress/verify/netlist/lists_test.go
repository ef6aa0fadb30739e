package netlist_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
)

func TestShippedLists(t *testing.T) {
	t.Parallel()
	lists, err := netlist.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(lists.All()) < 5 {
		t.Fatalf("only %d lists ship", len(lists.All()))
	}
	for _, i := range lists.All() {
		if i.Summary == "" || !strings.HasPrefix(i.Source, "https://") || i.Entries == 0 {
			t.Errorf("incomplete: %+v", i)
		}
		l, err := lists.Parse([]string{"@" + i.Name})
		if err != nil || l.Empty() || l.Everybody() || l.Contains(netip.MustParseAddr("127.0.0.1")) || l.Contains(netip.MustParseAddr("10.0.0.1")) {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
	l, err := lists.Parse([]string{"@github", "198.51.100.1"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{"140.82.115.9": true, "192.30.252.44": true, "2a0a:a440::1": true, "198.51.100.1": true, "198.51.100.2": false} {
		if l.Contains(netip.MustParseAddr(addr)) != want {
			t.Errorf("%s: %v", addr, !want)
		}
	}
}

func TestOwnFileReplaces(t *testing.T) {
	t.Parallel()
	lists, err := netlist.Load(fstest.MapFS{
		"github.txt": {Data: []byte("# summary: GitHub Enterprise\n# a remark\n\n203.0.113.0/24\r\n")},
		"office.txt": {Data: []byte("2001:db8::/48")},
		"readme.md":  {Data: []byte("nothing")},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lists.Parse([]string{"@github", "@office"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{"203.0.113.7": true, "2001:db8::1": true, "140.82.115.9": false} {
		if l.Contains(netip.MustParseAddr(addr)) != want {
			t.Errorf("%s: %v", addr, !want)
		}
	}
	for _, i := range lists.All() {
		if i.Name == "github" && (i.Summary != "GitHub Enterprise" || i.Source != "" || i.Entries != 1) {
			t.Errorf("got %+v", i)
		}
	}
	if _, err := lists.Parse([]string{"@gihub"}); err == nil || !strings.Contains(fault.HintOf(err), `did you mean "github"?`) {
		t.Errorf("an unknown list: %v", err)
	}
	if _, err := (*netlist.Lists)(nil).Parse([]string{"@github"}); err == nil {
		t.Error("nil lists know a name")
	}
	if _, err := lists.Parse([]string{"nonsense"}); err == nil {
		t.Error("nonsense is taken")
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"no address":  {"a.txt", "192.0.2.1\nhost\n", `a.txt:2: "host" is no address`},
		"two faults":  {"a.txt", "x\n\n10.0.0.1/8\n", "a.txt:3: the network"},
		"no entry":    {"a.txt", "# summary: nothing\n", "has 1 to"},
		"wrong date":  {"a.txt", "# date: yesterday\n192.0.2.1\n", "a.txt:1: the date"},
		"upper case":  {"GitHub.txt", "192.0.2.1\n", "the name of an address list"},
		"too large":   {"a.txt", strings.Repeat("#", 2<<20), "more than"},
		"two on line": {"a.txt", "192.0.2.1 192.0.2.2\n", "a.txt:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := netlist.Load(fstest.MapFS{c.file: {Data: []byte(c.text)}})
			if err == nil || fault.CodeOf(err) != fault.ConfigValue || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
