package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	welchWanted = 4.5 // what noise alone hardly ever reaches
	welchLeak   = 30  // what only a difference in the code reaches, three times in a row
)

// TestTimingTellsNothing: whether the first or the last byte of a proof is wrong takes the same time. The test
// fails far beyond noise only, and shows with a comparison that does stop at the first difference that its
// ruler can see one.
func TestTimingTellsNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("SKIPPED: the race detector slows every access down, so that times say nothing; run without -race")
	}
	now := time.Unix(1_700_000_000, 0)
	secret := strings.Repeat("correct-horse-battery-staple-", 8)
	body := []byte(`{"hello":"world"}`)
	mac := func(content string) []byte {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(content))
		return m.Sum(nil)
	}
	signature := hex.EncodeToString(mac(string(body)))
	slack := hex.EncodeToString(mac("v0:1700000000:" + string(body)))
	basic := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	plain := func(text string) string { return text }
	other := func(text string, i int) string {
		b := []byte(text)
		if b[i]++; b[i] == 'g' || b[i] == ':' {
			b[i] -= 2
		}
		return string(b)
	}
	for _, c := range []struct {
		preset, secret, header, prefix, proof string
		encode                                func(string) string
		lines                                 []string
		rounds                                int
	}{
		{"github", secret, "X-Hub-Signature-256", "sha256=", signature, plain, []string{"X-GitHub-Delivery: 1"}, 200_000},
		{"slack", secret, "X-Slack-Signature", "v0=", slack, plain, []string{"X-Slack-Request-Timestamp: 1700000000"}, 50_000},
		{"bearer", secret, "Authorization", "Bearer ", secret, plain, nil, 50_000},
		{"telegram", secret, "X-Telegram-Bot-Api-Secret-Token", "", secret, plain, nil, 50_000},
		{"basic", "ada:" + secret, "Authorization", "Basic ", "ada:" + secret, basic, nil, 50_000},
	} {
		t.Run(c.preset, func(t *testing.T) {
			v := compiled(t, load(t), webhook.Verify{Preset: c.preset}, secrets([]byte(c.secret)))
			early, late := []byte(c.prefix+c.encode(other(c.proof, 0))), []byte(c.prefix+c.encode(other(c.proof, len(c.proof)-1)))
			// Both lie in the same memory when they are judged, so that where they lie makes no difference.
			field := slices.Clone(early)
			req := verify.Request{Method: "POST", Target: "/", Body: body, Header: &overwritten{verify.VectorHeader(c.lines), c.header, field}}
			for _, wrong := range [][]byte{early, late} {
				copy(field, wrong)
				if got := (judged{verifier: v}).verdict(req, now); got != verify.SignatureMismatch && got != verify.TokenMismatch {
					t.Fatalf("refused for another reason: %q", got)
				}
			}
			judge := func() { _, _ = v.Verify(req, now) }
			expectNoLeak(t, contest{early, late, field, judge}, c.rounds)
		})
	}
	t.Run("the ruler", func(t *testing.T) {
		early, late := []byte(other(secret, 0)), []byte(other(secret, len(secret)-1))
		field := slices.Clone(early)
		leaky := func() {
			sum := sha256.Sum256(body)
			for i := range field {
				if field[i] != secret[i] {
					sum[0]++
					return
				}
			}
		}
		worst := 0.0
		for range 3 {
			score := math.Abs(contest{early, late, field, leaky}.welch(20_000))
			if worst = max(worst, score); worst > welchLeak {
				break
			}
		}
		t.Logf("a comparison that stops at the first difference: t = %.1f", worst)
		if worst <= welchLeak {
			t.Error("the ruler does not see it, so the other results say nothing")
		}
	})
}

// overwritten is a header with a field that is changed in place.
type overwritten struct {
	verify.Header

	name  string
	value []byte
}

func (o *overwritten) Field(name string) ([]byte, int) {
	if name == o.name {
		return o.value, 1
	}
	return o.Header.Field(name)
}

// contest is the same work for two inputs, which are put into the same place.
type contest struct {
	early, late, place []byte
	work               func()
}

// expectNoLeak fails when the inputs take different times, three times in a row and far beyond noise.
func expectNoLeak(t *testing.T, c contest, rounds int) {
	t.Helper()
	least := math.Inf(1)
	for range 3 {
		score := c.welch(rounds)
		t.Logf("%d verifications: Welch t = %.2f (wanted below %v)", rounds, score, welchWanted)
		if least = min(least, math.Abs(score)); least < welchWanted {
			return
		}
	}
	if least > welchLeak {
		t.Errorf("t is %.1f at least: where a proof is wrong can be measured", least)
	}
}

// welch takes turns at both inputs, in a random order, and gives Welch's t of their times without the slowest
// tenth, which are interruptions.
func (c contest) welch(rounds int) float64 {
	times := [2][]float64{}
	inputs := [2][]byte{c.early, c.late}
	turn := func(which int) float64 {
		copy(c.place, inputs[which])
		start := time.Now()
		c.work()
		return float64(time.Since(start))
	}
	for i := range 2_000 {
		turn(i % 2)
	}
	for range rounds / 2 {
		order := rand.IntN(2)
		for _, which := range []int{order, 1 - order} {
			times[which] = append(times[which], turn(which))
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(times[0], times[1])))
	limit := all[len(all)*9/10]
	var mean, variance, n [2]float64
	for i, list := range times {
		kept := slices.DeleteFunc(list, func(v float64) bool { return v > limit })
		n[i] = float64(len(kept))
		for _, v := range kept {
			mean[i] += v / n[i]
		}
		for _, v := range kept {
			variance[i] += (v - mean[i]) * (v - mean[i]) / (n[i] - 1)
		}
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance[0]/n[0]+variance[1]/n[1])
}
