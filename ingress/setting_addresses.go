package ingress

import (
	"errors"
	"slices"
	"strings"

	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// maxAddresses is how many addresses, networks and names of lists a webhook may name.
const maxAddresses = 1024

// addresses compiles a list of addresses, networks and @names.
func (d *Directory) addresses(parameter string, texts []string) (netlist.List, error) {
	if len(texts) > maxAddresses {
		return netlist.List{}, invalid(parameter, "there are %d entries, and %d are allowed", len(texts), maxAddresses)
	}
	list, err := d.lists.Parse(texts)
	if err == nil {
		return list, nil
	}
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		return netlist.List{}, invalid(parameter, "%s", f.Message).WithHint("%s", f.Hint)
	}
	return netlist.List{}, invalid(parameter, "%s", err.Error())
}

// proxies compiles the list of trusted proxies.
func (d *Directory) proxies(texts []string) (netlist.List, error) {
	list, err := d.addresses("trustedProxies", texts)
	if err == nil && list.Everybody() {
		return netlist.List{}, invalid("trustedProxies", "everybody is no proxy to trust").WithHint("name the addresses of your own proxies")
	}
	return list, err
}

// schemeMTLS is the scheme whose webhooks allow names of clients beside addresses.
const schemeMTLS = "mtls"

// allowed takes the setting allow apart: addresses are the door's to check, and the names of clients, which
// a webhook has whose preset judges certificates, are the preset's.
func (d *Directory) allowed(w webhook.Webhook) (addresses, names []string) {
	info, _ := d.presets.Info(w.Verify.Preset)
	if !slices.Contains(info.Schemes, schemeMTLS) {
		return w.Allow, nil
	}
	for _, text := range w.Allow {
		if isAddress(text) {
			addresses = append(addresses, text)
		} else {
			names = append(names, text)
		}
	}
	return addresses, names
}

// isAddress reports whether a text is an address, a network or the name of a list, or meant to be one: no
// top-level domain is a number.
func isAddress(text string) bool {
	if _, err := netlist.Parse([]string{text}); err == nil || strings.HasPrefix(text, "@") {
		return true
	}
	last := text[strings.LastIndexByte(text, '.')+1:]
	return !strings.Contains(text, "://") && (strings.Contains(text, "/") || strings.Trim(last, "0123456789") == "")
}
