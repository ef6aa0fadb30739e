package verify

import (
	"time"

	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/webhook"
)

var (
	errAddressRefused  = &Refusal{AddressRefused, "the address of the caller is not among those that the webhook allows"}
	errAddressRepeated = &Refusal{HeaderRepeated, "the trusted proxy sent X-Forwarded-For more than once"}
	errAddressUnknown  = &Refusal{AddressRefused, "the trusted proxy sent an X-Forwarded-For that names no address, or too many"}
)

// addressScheme takes requests from known addresses. It proves no sender: whoever can send from such an
// address passes, so it belongs in front of a signature and not in its place.
type addressScheme struct{ allow, proxies netlist.List }

// makeAddress takes the options allow and trustedProxies.
func makeAddress(s *preset, w webhook.Verify, m Material) (scheme, error) {
	texts := w.Options["allow"]
	if len(texts) == 0 {
		return nil, invalid("allow", "the preset %q needs addresses or networks to allow", s.name)
	}
	if len(m.Secrets)+len(m.Keys) > 0 {
		return nil, invalid("secrets", "the preset %q uses no secret and no key", s.name)
	}
	lists := m.Lists
	var err error
	if lists == nil {
		if lists, err = netlist.Load(); err != nil {
			return nil, err
		}
	}
	a := &addressScheme{}
	if a.allow, err = lists.Parse(texts); err != nil {
		return nil, invalid("allow", "%s", err)
	}
	a.proxies, err = trustedProxies(w)
	return a, err
}

func (a *addressScheme) verify(req *Request, _ time.Time) (Delivery, *Refusal) {
	forwarded := req.Header.Values("X-Forwarded-For")
	client, ok := netlist.Client(req.Peer, forwarded, a.proxies)
	switch {
	case !ok && len(forwarded) > 1:
		return Delivery{}, errAddressRepeated
	case !ok:
		return Delivery{}, errAddressUnknown
	case !a.allow.Contains(client):
		return Delivery{}, errAddressRefused
	}
	return Delivery{}, nil
}

func (a *addressScheme) sign(*Outgoing) error {
	return invalid("preset", "an address is not part of a request; it cannot be signed")
}
