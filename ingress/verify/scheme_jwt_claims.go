package verify

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/penstock/penstock/runtime/value"
)

// claims are the registered claims (RFC 7519, 4.1) that are judged. A zero time is one that is not there.
type claims struct {
	issuer                     string
	audience                   []string
	expires, notBefore, issued time.Time
	id                         string // empty = none, or not usable as a name
}

// readClaims reads the payload of a proven token.
func readClaims(payload []byte) (claims, *Refusal) {
	doc, err := value.Decode(payload)
	fields, ok := doc.(map[string]any)
	if err != nil || !ok {
		return claims{}, errJWTPayload
	}
	var c claims
	oks := [6]bool{}
	c.issuer, oks[0] = claimText(fields["iss"])
	c.audience, oks[1] = claimTexts(fields["aud"])
	c.expires, oks[2] = claimTime(fields["exp"])
	c.notBefore, oks[3] = claimTime(fields["nbf"])
	c.issued, oks[4] = claimTime(fields["iat"])
	c.id, oks[5] = claimText(fields["jti"])
	if slices.Contains(oks[:], false) {
		return claims{}, errJWTPayload
	}
	if !printable([]byte(c.id)) {
		c.id = ""
	}
	return c, nil
}

// judge compares proven claims with the webhook's settings.
func (j *jwtScheme) judge(c claims, now time.Time) *Refusal {
	switch {
	case c.issuer == "" || len(c.audience) == 0 || c.expires.IsZero():
		return errClaimsMissing
	case c.issuer != j.issuer:
		return errClaimsIssuer
	case !slices.ContainsFunc(c.audience, func(a string) bool { return slices.Contains(j.audiences, a) }):
		return errClaimsAud
	case now.Sub(c.expires) >= j.tolerance:
		return errClaimsExpired
	case c.notBefore.Sub(now) > j.tolerance, c.issued.Sub(now) > j.tolerance:
		return errClaimsEarly
	}
	return nil
}

func claimText(v any) (string, bool) {
	if v == nil {
		return "", true
	}
	text, ok := v.(string)
	return text, ok
}

// claimTexts reads one text or a list of them.
func claimTexts(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		out := make([]string, len(v))
		for i, item := range v {
			var ok bool
			if out[i], ok = item.(string); !ok {
				return nil, false
			}
		}
		return out, true
	}
	return nil, false
}

// claimTime reads a NumericDate: seconds since 1970, perhaps with a fraction, which is cut off.
func claimTime(v any) (time.Time, bool) {
	const latest = 253_402_300_799 // the last second of the year 9999
	var seconds float64
	switch v := v.(type) {
	case nil:
		return time.Time{}, true
	case int:
		seconds = float64(v)
	case float64:
		seconds = v
	case json.Number:
		var err error
		if seconds, err = strconv.ParseFloat(v.String(), 64); err != nil {
			return time.Time{}, false
		}
	default:
		return time.Time{}, false
	}
	if seconds < 0 || seconds > latest {
		return time.Time{}, false
	}
	return time.Unix(int64(math.Floor(seconds)), 0), true
}
