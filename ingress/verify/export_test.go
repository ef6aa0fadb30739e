package verify

import "time"

// ParseTimestamp opens parseTimestamp to the fuzz target.
func ParseTimestamp(form string, text []byte) (time.Time, bool) { return parseTimestamp(form, text) }

// ParsePreset opens the loader to the fuzz target and says whether what it takes signs the body.
func ParsePreset(data []byte) (signsBody, ok bool) {
	s, faults := parsePreset("acme.yaml", data)
	if len(faults) > 0 {
		return false, false
	}
	for _, v := range s.each() {
		if v.scheme == schemeTemplate && !has(v.signed, bodyPart) {
			return false, true
		}
	}
	_, _ = s.vectors()
	return true, true
}
