package verify

import (
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// counted is a key that counts what it is asked for.
type counted struct{ matched, spent int }

func (c *counted) match(*judge, *work) int { c.matched++; return 0 }
func (c *counted) spend([]byte)            { c.spent++ }

// TestEarlyRefusalCosts: a request costs one comparison for each secret, or what one costs, wherever it is
// refused.
func TestEarlyRefusalCosts(t *testing.T) {
	t.Parallel()
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	good := []string{"X-Slack-Signature: v0=0000000000000000000000000000000000000000000000000000000000000000", "X-Slack-Request-Timestamp: 1700000000"}
	for name, c := range map[string]struct {
		method  string
		fields  []string
		want    Reason
		matched int
	}{
		"wrong":                {"POST", good, SignatureMismatch, 1},
		"nothing":              {"POST", nil, SignatureMissing, 0},
		"signature malformed":  {"POST", []string{"X-Slack-Signature: v0=00", good[1]}, SignatureMalformed, 0},
		"signature twice":      {"POST", append([]string{good[0]}, good...), HeaderRepeated, 0},
		"timestamp missing":    {"POST", good[:1], TimestampMissing, 0},
		"timestamp malformed":  {"POST", []string{good[0], "X-Slack-Request-Timestamp: now"}, TimestampMalformed, 0},
		"timestamp stale":      {"POST", []string{good[0], "X-Slack-Request-Timestamp: 1600000000"}, TimestampStale, 0},
		"timestamp far future": {"POST", []string{good[0], "X-Slack-Request-Timestamp: 1800000000"}, TimestampFuture, 0},
		"other method":         {"GET", good, MethodRefused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := p.Compile(webhook.Verify{Preset: "slack"}, Material{Secrets: []Secret{{Text: []byte("k")}}})
			if err != nil {
				t.Fatal(err)
			}
			k := &counted{}
			v.judges[0].keys[0] = &key{public: k}
			_, err = v.Verify(Request{Method: c.method, Header: VectorHeader(c.fields)}, now)
			if r, ok := err.(*Refusal); !ok || r.Reason != c.want { //nolint:errorlint // Verify gives it unwrapped
				t.Errorf("got %v", err)
			}
			if k.matched != c.matched || k.matched+k.spent != 1 {
				t.Errorf("%d comparisons and %d times their cost", k.matched, k.spent)
			}
		})
	}
}

// TestExpiredSecretCosts: no live secret is as expensive as a wrong one.
func TestExpiredSecretCosts(t *testing.T) {
	t.Parallel()
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Compile(webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}}, Material{Secrets: []Secret{{Text: []byte("k")}}})
	if err != nil {
		t.Fatal(err)
	}
	k := &counted{}
	v.judges[0].keys[0] = &key{public: k, until: time.Unix(1, 0)}
	header := VectorHeader([]string{"X-Sig: 0000000000000000000000000000000000000000000000000000000000000000"})
	if _, err := v.Verify(Request{Method: "POST", Header: header}, time.Unix(2, 0)); err != errSecretExpired { //nolint:errorlint // as above
		t.Errorf("got %v", err)
	}
	if k.matched != 0 || k.spent != 1 {
		t.Errorf("%d comparisons and %d times their cost", k.matched, k.spent)
	}
}

// TestSpend: the door spends for an unknown webhook what a known one costs.
func TestSpend(t *testing.T) {
	t.Parallel()
	k := &counted{}
	v := &Verifier{judges: []*judge{{keys: []*key{{public: k}}}}, idle: newKey(algorithmSHA256, nil, time.Time{})}
	if v.Spend([]byte("body")); k.spent != 1 {
		t.Errorf("spent %d times", k.spent)
	}
	Unready().Spend(nil)
	(*Verifier)(nil).Spend(nil)
}
