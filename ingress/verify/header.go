package verify

import (
	"fmt"
	"strings"
)

// reserved are the fields that the server itself reads or rewrites, so none can carry a proof.
const reserved = " host content-length content-type transfer-encoding connection cookie trailer user-agent expect upgrade te "

// checkHeader reports whether a proof may travel in the header field name.
func checkHeader(name string) error {
	if name == "" || len(name) > 64 {
		return fmt.Errorf("a header name has 1 to 64 characters")
	}
	for _, c := range []byte(name) {
		if !nameByte(c) {
			return fmt.Errorf("%q is not a header name", name)
		}
	}
	if strings.Contains(reserved, " "+strings.ToLower(name)+" ") {
		return fmt.Errorf("the header %q belongs to the server", name)
	}
	return nil
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// once gives the value of a field that must occur exactly once.
func once(h Header, name string, missing *Refusal) ([]byte, *Refusal) {
	v, n := h.Field(name)
	switch {
	case n == 0 || n == 1 && len(v) == 0:
		return nil, missing
	case n > 1:
		return nil, errHeaderRepeated
	}
	return v, nil
}
