package judge

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// Setup is how a request is judged.
type Setup struct {
	Presets  *verify.Presets
	Verify   webhook.Verify
	Material verify.Material
	URL      string     // as the sender signed it, or the public base address; empty = not known
	Peer     netip.Addr // of the connection; the zero address = 127.0.0.1
	Now      time.Time
}

// Verdict is what the door would say.
type Verdict struct {
	Delivery verify.Delivery // of an accepted request
	Reason   string          // stable, dotted; empty = accepted
	Detail   string          // what an owner may check
	Notes    []string        // what was mended to read the file
}

// Accepted reports whether the request would become an event, or is a handshake.
func (v Verdict) Accepted() bool { return v.Reason == "" }

// Judge gives the door's verdict. The error is for settings that cannot be used.
func (r *Request) Judge(s Setup) (Verdict, error) {
	verifier, err := s.Presets.Compile(s.Verify, s.Material)
	if err != nil {
		return Verdict{}, err
	}
	if r.reason != "" {
		return Verdict{Reason: r.reason, Detail: r.detail, Notes: r.notes}, nil
	}
	return r.probe(s).judge(verifier, r.notes), nil
}

// probe is a request in the shape that a variation of it can take.
type probe struct {
	method, target, url string
	header              fields
	body                []byte
	peer                netip.Addr
	now                 time.Time
}

func (r *Request) probe(s Setup) probe {
	p := probe{method: r.method, target: r.target, url: signedURL(s.URL, r.target), header: r.header, body: r.body, peer: s.Peer, now: s.Now}
	if !p.peer.IsValid() {
		p.peer = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return p
}

func (p probe) judge(v *verify.Verifier, notes []string) Verdict {
	d, err := v.Verify(verify.Request{
		Method: p.method, Target: p.target, URL: p.url, Header: p.header, Body: p.body, Peer: p.peer,
	}, p.now)
	out := Verdict{Delivery: d, Notes: notes}
	if err != nil {
		out.Reason = "internal"
		if refusal := (*verify.Refusal)(nil); errors.As(err, &refusal) {
			out.Reason, out.Detail = string(refusal.Reason), refusal.Detail
		}
	}
	return out
}

// signedURL completes the given address with the target of the request: a bare base gets the whole target,
// an address without a query that of the target.
func signedURL(given, target string) string {
	if given == "" {
		return ""
	}
	u, err := url.Parse(given)
	if err != nil || u.RawQuery != "" {
		return given
	}
	path, query, asked := strings.Cut(target, "?")
	if u.Path == "" || u.Path == "/" {
		return strings.TrimSuffix(given, "/") + target
	}
	if asked && strings.HasSuffix(u.EscapedPath(), path) {
		return given + "?" + query
	}
	return given
}
