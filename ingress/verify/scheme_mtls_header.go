package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"

	"github.com/dunglas/httpsfv"
)

const (
	maxCertHeader = 16 << 10 // bytes
	maxChain      = 8        // certificates
)

func isDefaultCertHeader(name string) bool { return strings.EqualFold(name, defaultCertHeader) }

// readCertHeader reads what a proxy passes on: the byte sequence of RFC 9440, or PEM, as it is or with
// percent escapes as nginx writes it. In PEM further certificates may follow the client's.
func readCertHeader(field []byte) ([]*x509.Certificate, bool) {
	if len(field) > maxCertHeader {
		return nil, false
	}
	if bytes.HasPrefix(field, []byte(":")) {
		item, err := httpsfv.UnmarshalItem([]string{string(field)})
		if err != nil {
			return nil, false
		}
		return parseCertItems([]httpsfv.Item{item})
	}
	text := string(field)
	if strings.Contains(text, "%") {
		var err error
		if text, err = url.PathUnescape(text); err != nil {
			return nil, false
		}
	}
	return parseCertPEM([]byte(text))
}

// readCertChain reads Client-Cert-Chain, a list of byte sequences.
func readCertChain(field []byte) ([]*x509.Certificate, bool) {
	if len(field) > 2*maxCertHeader {
		return nil, false
	}
	list, err := httpsfv.UnmarshalList([]string{string(field)})
	if err != nil {
		return nil, false
	}
	var items []httpsfv.Item
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return parseCertItems(items)
}

func parseCertItems(items []httpsfv.Item) ([]*x509.Certificate, bool) {
	if len(items) == 0 || len(items) > maxChain {
		return nil, false
	}
	var chain []*x509.Certificate
	for _, item := range items {
		der, ok := item.Value.([]byte)
		if !ok {
			return nil, false
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, false
		}
		chain = append(chain, c)
	}
	return chain, true
}

// parseCertPEM reads certificates and nothing else. Some proxies write PEM on one line, with spaces for
// its line breaks.
func parseCertPEM(text []byte) ([]*x509.Certificate, bool) {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	var chain []*x509.Certificate
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		after, isBegin := bytes.CutPrefix(rest, []byte(begin))
		body, tail, hasEnd := bytes.Cut(after, []byte(end))
		if !isBegin || !hasEnd || len(chain) == maxChain {
			return nil, false
		}
		lines := append([]byte(begin+"\n"), bytes.Join(bytes.Fields(body), []byte("\n"))...)
		block, _ := pem.Decode(append(lines, "\n"+end+"\n"...))
		if block == nil || len(block.Headers) > 0 {
			return nil, false
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, false
		}
		chain, rest = append(chain, c), tail
	}
	return chain, len(chain) > 0
}
