package verify

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// What is signed is a row of bytes, and a caller says where one part of it ends and the next begins. Of the
// parts of a template only the body is free, so each of the others has to show its own end, seen from the end
// of the row that is not the body: a timestamp has a fixed form, an id ends at a byte that it may not hold,
// and an address at one that no address has. Otherwise a caller could carry bytes of one part of a signed
// request over to another.

// addressByte reports whether an address may have the byte behind its host (RFC 3986).
func addressByte(c byte) bool {
	return c > ' ' && c <= '~' && strings.IndexByte("\"<>[\\]^`{|}", c) < 0
}

// plainAddress reports whether a target has only the bytes that an address may have.
func plainAddress(target string) bool {
	for i := range len(target) {
		if !addressByte(target[i]) {
			return false
		}
	}
	return true
}

// plainURL does the same with what follows the host of an address.
func plainURL(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	_, rest, _ = strings.Cut(rest, "/")
	return plainAddress(rest)
}

// stop gives the piece that ends the one at i, on its side of the body, and the byte of it that touches the
// one at i where it is a literal.
func stop(pieces []piece, i int) (next piece, touch byte) {
	body := slices.IndexFunc(pieces, func(p piece) bool { return p.part == bodyPart })
	switch {
	case i < body:
		if next = pieces[i+1]; next.part == literal {
			touch = next.text[0]
		}
	case i > body:
		if next = pieces[i-1]; next.part == literal {
			touch = next.text[len(next.text)-1]
		}
	}
	return next, touch
}

// idStop is the byte that ends an id in the signed content, so that no id may hold it. Where a timestamp
// follows, it is the first one of the JSON object behind that.
func idStop(pieces []piece) (byte, bool) {
	i := slices.IndexFunc(pieces, func(p piece) bool { return p.part == idPart })
	if i < 0 {
		return 0, false
	}
	next, touch := stop(pieces, i)
	if next.part == timestampPart {
		return '{', true
	}
	return touch, next.part == literal
}

// checkBorders finds parts whose end nothing shows.
func (s *preset) checkBorders(r *reader, at *yaml.Node) {
	body := slices.IndexFunc(s.signed, func(p piece) bool { return p.part == bodyPart })
	for i, p := range s.signed {
		next, touch := stop(s.signed, i)
		switch p.part {
		case idPart:
			switch {
			case next.part == literal:
			case next.part != timestampPart || i > body:
				r.fault(at, "the template needs a character between {id} and what is beside it, so that nobody can move its end")
			case s.body != bodyObject:
				r.fault(at, "where {timestamp} follows {id}, the preset needs body: object, so that nobody can move the end of the id")
			}
		case urlPart, pathPart:
			if next.part != bodyPart && (next.part != literal || addressByte(touch)) {
				r.fault(at, "the template needs a character that no address has between the address and what is beside it, so that nobody can move its end")
			}
		}
	}
}

// bordered reports whether the body shows where an address beside it ends, by a byte that no address has.
func (j *judge) bordered(body []byte) bool {
	switch {
	case len(body) == 0:
		return true
	case j.addressBefore && addressByte(body[0]), j.addressBehind && addressByte(body[len(body)-1]):
		return false
	}
	return true
}

// addresses reports whether an address touches the body in front and behind.
func addresses(pieces []piece) (before, behind bool) {
	body := slices.IndexFunc(pieces, func(p piece) bool { return p.part == bodyPart })
	is := func(p piece) bool { return p.part == urlPart || p.part == pathPart }
	return body > 0 && is(pieces[body-1]), body+1 < len(pieces) && is(pieces[body+1])
}
