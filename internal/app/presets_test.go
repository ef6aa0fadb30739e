package app_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
)

// TestAddressLists: a list of the operator's folder replaces one that ships, and a broken one is a fault.
func TestAddressLists(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &configs.Config{}
	c.Ingress.Presets = dir
	contains := func(name, addr string) bool {
		t.Helper()
		lists, err := app.AddressLists(c)
		if err != nil {
			t.Fatal(err)
		}
		l, err := lists.Parse([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		return l.Contains(netip.MustParseAddr(addr))
	}
	if !contains("@github", "140.82.115.9") {
		t.Error("without a folder")
	}
	file := filepath.Join(dir, "addresses", "github.txt")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("203.0.113.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if contains("@github", "140.82.115.9") || !contains("@github", "203.0.113.7") || !contains("@stripe", "3.18.12.63") {
		t.Error("the operator's list does not replace the one that ships")
	}
	if err := os.WriteFile(file, []byte("host\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.AddressLists(c); err == nil || !strings.Contains(err.Error(), `github.txt:1: "host" is no address`) {
		t.Errorf("a broken list: %v", err)
	}
	c.Ingress.Presets = filepath.Join(dir, "nowhere")
	if !contains("@github", "140.82.115.9") {
		t.Error("without the folder")
	}
}
