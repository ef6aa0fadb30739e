package ssrf

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// Public is an address that passes as a public one. Nothing of a test may really go there.
const Public = "93.184.216.34"

// Answer is what the name server says when it is asked once. Without addresses there are none.
type Answer struct {
	Alias     string // a CNAME; the addresses belong to it
	Addresses []string
}

// Names is the table of a name server: what it says to one question after the other; the last answer
// stays. A name that is missing does not exist.
type Names map[string][]Answer

// Zone gives the names of [Cases].
func Zone() Names {
	one := func(addresses ...string) []Answer { return []Answer{{Addresses: addresses}} }
	many := make([]string, 0, 20)
	for range 19 {
		many = append(many, Public)
	}
	return Names{
		"public.test":              one(Public),
		"localhost":                one("127.0.0.1", "::1"),
		"sub.localhost":            one("127.0.0.1", "::1"),
		"metadata.google.internal": one("169.254.169.254"),
		"metadata.test":            one("168.63.129.16"),
		"loop.test":                one("127.0.0.1"),
		"loop6.test":               one("::1"),
		"private.test":             one("10.0.0.1"),
		"private6.test":            one("fd00::1"),
		"linklocal6.test":          one("fe80::1"),
		"zero.test":                one("0.0.0.0"),
		"mapped.test":              one("::ffff:127.0.0.1"),
		"mapped6.test":             one("2606:2800:220:1::1", "::ffff:127.0.0.1"),
		"nat64.test":               one("64:ff9b::7f00:1"),
		"sixtofour.test":           one("2002:7f00:1::"),
		"mixed.test":               one("127.0.0.1", Public),
		"mixed-last.test":          one(Public, "127.0.0.1"),
		"mixed6.test":              one(Public, "::1"),
		"many.test":                one(append(many, "127.0.0.1")...),
		"cname.test":               {{Alias: "localhost", Addresses: []string{"127.0.0.1", "::1"}}},
		"chain.test":               {{Alias: "public.test", Addresses: []string{"127.0.0.1"}}},
		"127.0.0.1.test":           one("127.0.0.1"),
		"broadcast.test":           one("255.255.255.255"),
	}
}

// Serve starts a name server on loopback and gives a resolver that asks only it (and the hosts file).
func Serve(t testing.TB, names Names) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{names: names, asked: map[question]int{}}
	var done sync.WaitGroup
	done.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := s.answer(buf[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		done.Wait()
	})
	address := conn.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", address)
	}}
}

// The types of records, RFC 1035 and 3596.
const (
	typeA     = 1
	typeCNAME = 5
	typeAAAA  = 28
)

type question struct {
	name string
	kind uint16
}

// server is used by the one goroutine of Serve.
type server struct {
	names Names
	asked map[question]int
}

// answer builds the answer to one query; nil when it is no query.
func (s *server) answer(query []byte) []byte {
	if len(query) < 12 {
		return nil
	}
	var labels []string
	rest := query[12:]
	for len(rest) > 0 && rest[0] != 0 {
		n := int(rest[0])
		if n > 63 || len(rest) <= n {
			return nil
		}
		labels = append(labels, string(rest[1:1+n]))
		rest = rest[1+n:]
	}
	if len(rest) < 5 {
		return nil
	}
	q := question{strings.ToLower(strings.Join(labels, ".")), binary.BigEndian.Uint16(rest[1:])}
	end := len(query) - len(rest) + 5

	out := append([]byte{}, query[:2]...)
	out = append(out, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0) // an answer, recursion available, one question
	out = append(out, query[12:end]...)
	answers, known := s.names[q.name]
	if !known {
		out[3] |= 3 // no such name
		return out
	}
	a := answers[min(s.asked[q], len(answers)-1)]
	s.asked[q]++
	count := uint16(0)
	add := func(owner []byte, kind uint16, data []byte) {
		out = append(out, owner...)
		out = binary.BigEndian.AppendUint16(out, kind)
		out = append(out, 0, 1, 0, 0, 0, 0) // Internet, may not be kept
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, data...)
		count++
	}
	owner := []byte{0xc0, 12} // the name of the question
	if a.Alias != "" {
		alias := wire(a.Alias)
		add(owner, typeCNAME, alias)
		owner = alias
	}
	for _, text := range a.Addresses {
		ip := netip.MustParseAddr(text)
		if ip.Is4() && q.kind == typeA || ip.Is6() && q.kind == typeAAAA {
			add(owner, q.kind, ip.AsSlice())
		}
	}
	binary.BigEndian.PutUint16(out[6:], count)
	return out
}

func wire(name string) []byte {
	var out []byte
	for label := range strings.SplitSeq(name, ".") {
		out = append(append(out, byte(len(label))), label...)
	}
	return append(out, 0)
}
