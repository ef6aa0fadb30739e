package judge

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/ingress/verify"
)

// Hint is one likely cause of a refusal.
type Hint struct {
	Cause string `json:"cause"` // stable, dotted: secret.whitespace, body.newline, clock.skew ...
	Text  string `json:"text"`  // what it looks like and what to do
}

// variation is one way in which a good request may have been spoilt: a change that takes it back.
type variation struct {
	Hint
	apply func(s *Setup, p *probe) bool // false: it does not fit this request
}

// Explain gives the likely causes of a refusal, found by changing the request back and judging it again. It
// gives none for an accepted request, and one that says so where nothing helps. It says nothing that a holder of
// the secrets does not know.
func (r *Request) Explain(s Setup, v Verdict) []Hint {
	if v.Accepted() || r.reason != "" {
		return nil
	}
	p := r.probe(s)
	if hint, ok := skew(s, p, v); ok {
		return []Hint{hint}
	}
	var out []Hint
	for _, change := range slices.Concat(secretVariations(), bodyVariations(), urlVariations(p), encodingVariations()) {
		try, probed := s, p
		probed.header, probed.body = maps.Clone(p.header), bytes.Clone(p.body)
		try.Verify.Options = maps.Clone(s.Verify.Options)
		if change.apply(&try, &probed) && holds(try, probed) {
			out = append(out, change.Hint)
		}
	}
	if len(out) == 0 {
		out = otherPresets(s, p)
	}
	if len(out) == 0 && strings.HasSuffix(v.Reason, ".mismatch") {
		out = append(out, unexplained(p))
	}
	return out
}

// holds reports whether the request would be accepted, whatever its age.
func holds(s Setup, p probe) bool {
	verifier, err := s.Presets.Compile(s.Verify, s.Material)
	return err == nil && p.judge(verifier, nil).Accepted()
}

// skew measures by how much the sender's clock or a delay exceeds the tolerance.
func skew(s Setup, p probe, v Verdict) (Hint, bool) {
	ahead := v.Reason == string(verify.TimestampFuture)
	if !ahead && v.Reason != string(verify.TimestampStale) {
		return Hint{}, false
	}
	verifier, err := s.Presets.Compile(s.Verify, s.Material)
	if err != nil {
		return Hint{}, false
	}
	const most = 20 * 365 * 24 * 3600
	tolerance := 300
	if info, ok := s.Presets.Info(s.Verify.Preset); ok && info.Tolerance > 0 {
		tolerance = int(info.Tolerance / time.Second)
	}
	if s.Verify.Tolerance > 0 {
		tolerance = s.Verify.Tolerance
	}
	// The smallest shift of the clock at which the age is no longer the reason.
	low, high := 0, most
	for low < high {
		mid := (low + high) / 2
		shifted := p
		shifted.now = p.now.Add(shift(mid, ahead))
		if shifted.judge(verifier, nil).Reason == v.Reason {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == most {
		return Hint{}, false
	}
	age := low + tolerance
	if ahead {
		return Hint{"clock.skew", fmt.Sprintf("the timestamp is about %d seconds ahead of this clock, and %d are allowed: check both clocks", age, tolerance)}, true
	}
	return Hint{"clock.skew", fmt.Sprintf("the timestamp is about %d seconds old, and %d are allowed: a late or repeated request, or a clock that is wrong; a kept request is judged at its own time with --now", age, tolerance)}, true
}

func shift(seconds int, ahead bool) time.Duration {
	if ahead {
		return time.Duration(seconds) * time.Second
	}
	return -time.Duration(seconds) * time.Second
}

func otherPresets(s Setup, p probe) []Hint {
	for _, name := range s.Presets.Names() {
		try := s
		try.Verify.Preset, try.Verify.Options, try.Verify.Tolerance = name, nil, 0
		info, _ := s.Presets.Info(name)
		if name != s.Verify.Preset && info.Signature != "" && holds(try, p) {
			return []Hint{{"preset.other", fmt.Sprintf("the request holds under the preset %q", name)}}
		}
	}
	return nil
}

func unexplained(p probe) Hint {
	text := "no usual change of body, secret or address gives this signature: most likely the secret is another one"
	var body struct {
		Livemode *bool `json:"livemode"`
	}
	if json.Unmarshal(p.body, &body) == nil && body.Livemode != nil {
		mode := map[bool]string{true: "live", false: "test"}[*body.Livemode]
		return Hint{"secret.mode", text + fmt.Sprintf("; the event is of the %s mode, so use the %s secret", mode, mode)}
	}
	return Hint{"secret.wrong", text}
}

// encodingVariations read the signature as the other encoding.
func encodingVariations() []variation {
	recode := func(from func(string) ([]byte, error), to func([]byte) string) func(*Setup, *probe) bool {
		return func(s *Setup, p *probe) bool {
			info, _ := s.Presets.Info(s.Verify.Preset)
			name := info.Signature
			if own := s.Verify.Options.First("header"); own != "" {
				name = own
			}
			value, n := p.header.Field(name)
			if n != 1 {
				return false
			}
			prefix, text := "", string(value)
			if at := strings.IndexAny(text, "=,"); at > 0 && at < 10 {
				prefix, text = text[:at+1], text[at+1:]
			}
			raw, err := from(text)
			if err != nil || len(raw) == 0 {
				return false
			}
			for key := range p.header {
				if strings.EqualFold(key, name) {
					p.header[key] = []string{prefix + to(raw)}
				}
			}
			return true
		}
	}
	return []variation{
		{Hint{"encoding.base64", "the signature is in base64, and this preset wants hex"}, recode(base64.StdEncoding.DecodeString, hex.EncodeToString)},
		{Hint{"encoding.hex", "the signature is in hex, and this preset wants base64"}, recode(hex.DecodeString, base64.StdEncoding.EncodeToString)},
	}
}
