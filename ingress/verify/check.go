package verify

import (
	"net/http"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// at gives the place of a field, or else of the whole map.
func (l nodes) at(name string, whole *yaml.Node) *yaml.Node {
	if n := l[name]; n != nil {
		return n
	}
	return whole
}

// checkFields finds what single fields cannot show.
func (s *preset) checkFields(r *reader, root *yaml.Node, lines nodes) {
	if lines["name"] == nil {
		r.fault(root, "the field %q is missing", "name")
	}
	if len(s.variants) == 0 {
		s.checkProof(r, root, lines)
	} else {
		for _, name := range []string{"scheme", "signature", "signed", "token"} {
			if n := lines[name]; n != nil {
				r.fault(n, "a preset with variants says %q in each of them", name)
			}
		}
		for _, name := range []string{"header", "algorithm", "encoding", "prefix", "parameter"} {
			if slices.Contains(s.settings, name) {
				r.fault(lines["settings"], "a preset with variants cannot take %q", name)
			}
		}
		for _, v := range s.variants {
			if v.scheme != schemeTemplate && v.scheme != "token" {
				r.fault(lines["variants"], "a variant is a template or a token")
			}
			if slices.ContainsFunc(v.when, func(c condition) bool { return c.from.inBody() }) {
				r.fault(lines["variants"], "a variant is chosen by headers and parameters, for the body is not proven yet")
			}
		}
	}
	hasMAC := slices.ContainsFunc(s.each(), func(v *preset) bool {
		return v.scheme == schemeTemplate && !isAsymmetric(v.signature.algorithm)
	})
	for _, h := range s.handshakes {
		if h.signs() && !hasMAC {
			r.fault(root, "the handshake %q makes an HMAC, but no proof of the preset has a secret for one", h.name)
		}
		if h.signs() && (h.proof == proofNone || h.proof == proofListed) && (s.body == "" || h.answer.chars != charsToken) {
			r.fault(root, "the handshake %q makes an HMAC for anybody who asks, which must be none of an event: "+
				"the preset needs body: object or json, and the answer chars: token", h.name)
		}
		if slices.ContainsFunc(s.handshakes, func(o *handshake) bool { return o != h && o.name == h.name }) {
			r.fault(root, "two handshakes are called %q", h.name)
			break
		}
	}
	if s.off && !slices.Contains(s.settings, optionWeak) {
		s.settings = append(slices.Clone(s.settings), optionWeak)
	}
}

// checkProof checks one way of proving.
func (s *preset) checkProof(r *reader, root *yaml.Node, lines nodes) {
	if s.event.header != "" && s.event.field.given() {
		r.fault(root, "an event is named by a header or by a field, not by both")
	}
	ways := 0
	for _, given := range []bool{s.delivery.header != "", s.delivery.field.given(), s.delivery.digest != ""} {
		if given {
			ways++
		}
	}
	if ways > 1 && (ways > 2 || s.delivery.header != "") {
		r.fault(lines.at("delivery", root), "a delivery is named by a header, a field or a digest, not by several; a digest may stand in for a field")
	}
	if (s.scheme == "token") != (s.token.from.kind != fromNowhere) {
		r.fault(lines.at("token", root), "the scheme token, and only that, says where its token is")
	}
	if s.scheme != schemeTemplate && s.delivery.digest == digestSigned {
		r.fault(lines.at("delivery", root), "only the scheme template knows what is signed; take the digest of the body")
	}
	if s.scheme == schemeTemplate {
		s.checkTemplate(r, root, lines)
	} else if n := lines["signed"]; n != nil {
		r.fault(n, "only the scheme template has a template")
	}
}

func (s *preset) checkTemplate(r *reader, root *yaml.Node, lines nodes) {
	for _, name := range []string{"signature", "signed"} {
		if lines[name] == nil {
			r.fault(root, "the field %q is missing", name)
		}
	}
	if s.signature.header == "" && !slices.Contains(s.settings, "header") {
		r.fault(lines.at("signature", root), "the signature has no header")
	}
	s.checkTimestamp(r, root, lines)
	signed := lines.at("signed", root)
	if has(s.signed, idPart) && s.delivery.header == "" {
		r.fault(signed, "the template contains {id}, but the preset has no delivery header")
	}
	s.checkBorders(r, signed)
	if s.url != urlPlain && !has(s.signed, urlPart) {
		r.fault(lines.at("url", root), "the template does not contain {url}")
	}
	if slices.Contains(s.methods, http.MethodGet) && !has(s.signed, urlPart) && !has(s.signed, pathPart) {
		r.fault(lines.at("methods", root), "the template contains neither {url} nor {path}, so the query of a GET would not be proven")
	}
	if isAsymmetric(s.signature.algorithm) != slices.Contains(keyForms, s.secret.form) && s.secret.form != "hex" && s.secret.form != "base64" {
		r.fault(lines.at("secret", root), "the algorithm %s has no secret of the form %s", s.signature.algorithm, s.secret.form)
	}
}

func (s *preset) checkTimestamp(r *reader, root *yaml.Node, lines nodes) {
	t := &s.timestamp
	if strings.EqualFold(t.header, s.signature.header) {
		t.header = s.signature.header
	}
	at, signed := lines.at("timestamp", root), lines.at("signed", root)
	switch given := lines["timestamp"] != nil; {
	case given && ((t.header == "") == !t.field.given() || t.form == "" || t.tolerance == 0):
		r.fault(at, "a timestamp needs header or field, form and tolerance")
	case t.header != "" && !has(s.signed, timestampPart):
		r.fault(signed, "the template does not contain {timestamp}, so the timestamp would not be proven")
	case t.header == "" && has(s.signed, timestampPart):
		r.fault(signed, "the template contains {timestamp}, but the preset has no timestamp in a header")
	case t.first && (t.prefix != "" || t.header != s.signature.header || s.signature.separator == ""):
		r.fault(at, "only in the signature's header, with a separator, can a timestamp be the first item")
	case !t.first && t.header != "" && t.header == s.signature.header && (t.prefix == "" || s.signature.separator == "" || s.signature.prefix == ""):
		r.fault(at, "a timestamp in the signature's header needs a prefix for itself and the signature, and a separator")
	}
}

// check finds what would make a handshake an oracle or an open door.
func (h *handshake) check(r *reader, n *yaml.Node) {
	a := &h.answer
	switch {
	case h.name == "" || len(h.when) == 0 && h.method != http.MethodHead:
		r.fault(n, "a handshake needs name and when")
	case (h.proof == proofSecret || h.proof == proofListed) != (h.secret.from.kind != fromNowhere):
		r.fault(n, "the proofs secret and listed, and only these, say where the secret is")
	case h.proof == proofListed && h.secret.option == "":
		r.fault(n, "the proof listed needs an option that lists")
	case a.kind == typeText && a.fields != nil || a.kind == typeJSON && a.text.given():
		r.fault(n, "an answer of the type text/plain has a text, one of the type application/json has fields")
	case a.chars == charsPrintable && a.kind != typeText:
		r.fault(n, "the characters %q are for text/plain alone", charsPrintable)
	}
}

// signs reports whether an answer holds an HMAC.
func (h *handshake) signs() bool {
	return slices.ContainsFunc(slices.Concat(h.answer.fields, h.answer.headers, []namedFilling{{filling: h.answer.text}}),
		func(f namedFilling) bool { return f.hmac != "" })
}

func (f filling) given() bool { return f.from.kind != fromNowhere || f.constant != nil }
