package egress

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errHost = errors.New("the host is malformed")
	errPort = errors.New("the port is malformed")
)

// place is a host, in the one form in which hosts are compared, with a port.
type place struct {
	host string // a name in lower case, or an address as netip writes it, without brackets
	port uint16 // 0 in an entry of the allow list: every open port
}

// String is the place as a dialer takes it.
func (p place) String() string { return net.JoinHostPort(p.host, strconv.Itoa(int(p.port))) }

// readPlace reads the form that String writes.
func readPlace(address string) (place, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return place{}, errHost
	}
	port, err := readPort(text)
	if err != nil {
		return place{}, err
	}
	host, err = readHost(host, strings.HasPrefix(address, "["))
	return place{host, port}, err
}

// readEntry reads an entry of [Options.AllowHosts].
func readEntry(entry string) (place, error) {
	if a, err := netip.ParseAddr(entry); err == nil && a.Is6() {
		host, err := readHost(entry, true)
		return place{host: host}, err
	}
	if strings.Contains(entry, ":") {
		return readPlace(entry)
	}
	host, err := readHost(entry, false)
	return place{host: host}, err
}

// CheckHost says what is wrong with an entry of [Options.AllowHosts]; nil means nothing.
func CheckHost(entry string) error {
	_, err := readEntry(entry)
	return err
}

func readPort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || text[0] == '0' {
		return 0, errPort
	}
	return uint16(n), nil
}

// readHost takes a name of letters, digits, hyphens and underscores, or an IP address as it is usually
// written. What a system's resolver might read as an address in another form is refused, so are zones,
// escapes, a final dot and letters beyond ASCII.
func readHost(host string, bracketed bool) (string, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return "", errors.New("the address has a zone")
		}
		if a.Is4() == bracketed {
			return "", errHost
		}
		return a.Unmap().String(), nil
	}
	if bracketed || len(host) > 253 {
		return "", errHost
	}
	host = strings.ToLower(host)
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return "", errHost
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", errors.New("the host holds a character that no name has")
			}
		}
		last = label
	}
	hex, isHex := strings.CutPrefix(last, "0x")
	if strings.Trim(last, "0123456789") == "" || isHex && strings.Trim(hex, "0123456789abcdef") == "" {
		return "", errors.New("the host is an address in an unusual form")
	}
	return host, nil
}

// OriginOf gives the https origin that an entry of [Options.AllowHosts] names, as [Client.Origin] writes it.
func OriginOf(entry string) (string, error) {
	p, err := readEntry(entry)
	if err != nil {
		return "", err
	}
	host := strings.TrimSuffix(place{p.host, 0}.String(), ":0")
	if p.port != 0 && p.port != 443 {
		host = p.String()
	}
	return "https://" + host, nil
}
