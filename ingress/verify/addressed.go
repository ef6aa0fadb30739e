package verify

import "slices"

// Addressed reports whether Verify reads the address of a request, Target or URL. Where it does not, both may
// be left out.
func (v *Verifier) Addressed() bool {
	if v == nil || v.preset == nil {
		return false
	}
	return slices.ContainsFunc(v.preset.each(), (*preset).addressed) || slices.ContainsFunc(v.preset.handshakes, (*handshake).addressed)
}

func (s *preset) addressed() bool {
	switch s.scheme {
	case schemeTemplate:
		return conditional(s.when) || slices.ContainsFunc(s.signed, func(p piece) bool { return p.part == urlPart || p.part == pathPart })
	case "token":
		return conditional(s.when) || s.token.from.kind != fromHeader && s.token.from.kind != fromBody
	}
	return true
}

func (h *handshake) addressed() bool {
	fills := append(slices.Clone(h.answer.fields), h.answer.headers...)
	fills = append(fills, namedFilling{filling: h.answer.text})
	return conditional(h.when) || h.secret.from.kind == fromQuery || h.learn.kind == fromQuery ||
		slices.ContainsFunc(fills, func(f namedFilling) bool { return f.from.kind == fromQuery })
}

func conditional(list []condition) bool {
	return slices.ContainsFunc(list, func(c condition) bool { return c.from.kind == fromQuery })
}
