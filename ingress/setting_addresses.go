package ingress

import (
	"errors"

	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
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
