package verify_test

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
)

// TestAttackTimestamps: timestamps that the sender signed, and that are none, and the edges of their age.
func TestAttackTimestamps(t *testing.T) {
	t.Parallel()
	eachShape(t, func(f *forge, count *tally) {
		if !f.ages() {
			return
		}
		at := func(stamp string) verify.Request {
			p := f.good()
			p.timestamp = stamp
			if len(f.TimestampField) > 0 {
				p.body = f.body(stamp, `"note":"n"`)
			}
			return f.request(p, f.encode(f.sign(f.content(p))))
		}
		unit := map[string]time.Duration{"seconds": time.Second, "milliseconds": time.Millisecond, "rfc3339": time.Nanosecond}[f.Form]
		for _, edge := range []time.Duration{f.Tolerance, -f.Tolerance} {
			f.accepts("at the edge of the tolerance", at(f.stamp(forgeNow.Add(edge))))
		}
		f.refuses(count, "beyond the tolerance", at(f.stamp(forgeNow.Add(f.Tolerance+unit))), verify.TimestampFuture)
		f.refuses(count, "beyond the tolerance", at(f.stamp(forgeNow.Add(-f.Tolerance-unit))), verify.TimestampStale)
		now := f.stamp(forgeNow)
		malformed := []string{
			"+" + now, "-" + now, "0" + now, "00" + now, now + "0", now + ".0", now + ".", " " + now, now + " ", now + "\n", now + "\x00",
			now[1:], now[:len(now)-1], now + "," + now, now + now, "0x" + now, now[:len(now)-1] + "e", "1.7e9", "1e9", "NaN", "Infinity", "null", "-1", "0",
			strings.Replace(now, "1", "\u0661", 1), "٠٠٠٠٠٠٠٠٠٠", "1_700_000_000", "0b1", "017777777777",
			"Tue, 14 Nov 2023 22:13:20 GMT", "2023-11-14", "2023-11-14 22:13:20Z", "2023-11-14T22:13:20", "2023-11-14T22:13:20,5Z", "2023-11-14t22:13:20z",
			"2023-11-14T22:13Z", "2023-11-14T24:13:20Z", "2023-11-14T22:13:60Z", "2023-02-30T22:13:20Z", "02023-11-14T22:13:20Z", "2023-11-14T22:13:20+0000",
			"2023-11-14T22:13:20Z" + strings.Repeat(" ", 20), "2023-11-14T22:13:20." + strings.Repeat("0", 40) + "Z",
		}
		for form, other := range map[string]string{
			"seconds": fmt.Sprint(forgeNow.Unix()), "milliseconds": fmt.Sprint(forgeNow.UnixMilli()), "rfc3339": forgeNow.Format(time.RFC3339),
		} {
			if form != f.Form {
				malformed = append(malformed, other)
			}
		}
		malformed = append(malformed, fmt.Sprint(forgeNow.UnixMicro()), fmt.Sprint(forgeNow.UnixNano()))
		for _, stamp := range malformed {
			want := []verify.Reason{verify.TimestampMalformed}
			switch {
			case len(f.TimestampField) > 0 && strings.TrimSpace(stamp) == now:
				continue // white space of JSON
			case len(f.TimestampField) > 0:
				want = append(want, verify.BodyMalformed, verify.TimestampMissing)
			case f.Separator != "" && f.TimestampHeader == f.Header:
				// White space around an item of a list does not count, and a comma ends an item.
				if strings.TrimSpace(stamp) == now {
					continue
				}
				want = append(want, verify.HeaderRepeated, verify.SignatureMismatch, verify.SignatureMissing)
			}
			f.refuses(count, "a malformed timestamp that is signed", at(stamp), want...)
		}
		f.refuses(count, "an empty timestamp that is signed", at(""), verify.TimestampMalformed, verify.TimestampMissing, verify.BodyMalformed)

		good := f.good()
		signature := f.encode(f.sign(f.content(good)))
		if f.TimestampHeader == f.Header && f.TimestampHeader != "" && !f.TimestampFirst {
			// One timestamp that is signed, one that is fresh.
			old := good
			old.timestamp = f.stamp(forgeNow.Add(-100 * f.Tolerance))
			stale := f.Prefix + f.encode(f.sign(f.content(old)))
			for _, items := range [][]string{
				{f.TimestampPrefix + old.timestamp, f.TimestampPrefix + good.timestamp, stale},
				{f.TimestampPrefix + good.timestamp, f.TimestampPrefix + old.timestamp, stale},
				{f.TimestampPrefix + good.timestamp, stale, f.TimestampPrefix + old.timestamp},
			} {
				req := f.request(good)
				req.Header = verify.VectorHeader([]string{f.Header + ": " + strings.Join(items, f.Separator)})
				f.refuses(count, "two timestamps", req, verify.HeaderRepeated)
			}
		}
		if f.TimestampHeader != "" {
			other := good
			other.timestamp = f.stamp(forgeNow.Add(unit))
			f.refuses(count, "another timestamp than the signed one", f.request(other, signature), verify.SignatureMismatch)
		}
	})
}

// TestAttackBorders: what is signed is a row of bytes. Every other way of taking it apart into timestamp, id,
// address and body is refused, whatever the sender can be brought to sign.
func TestAttackBorders(t *testing.T) {
	t.Parallel()
	eachShape(t, func(f *forge, count *tally) {
		moves := 0
		for _, p := range f.baits() {
			content := f.content(p)
			signature := f.encode(f.sign(content))
			if f.verdict(f.request(p, signature)) != "" {
				continue // the sender's own request is refused, so nobody has seen one that passes
			}
			for _, other := range f.readings(content, p) {
				if other == p || !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, other.method) {
					continue
				}
				moves++
				f.refuses(count, "a border moved", f.request(other, signature))
			}
			for _, variant := range f.p.Shapes() {
				if variant.Preset != f.Preset || slices.Equal(variant.Pieces, f.Pieces) {
					continue
				}
				as := *f
				as.Shape = variant
				for _, other := range as.readings(content, p) {
					f.refuses(count, "taken for another version of the scheme", as.request(other, signature))
				}
			}
		}
		if len(f.Pieces) > 1 && moves == 0 && f.ages() {
			f.t.Errorf("%s: no border was moved", f.Preset)
		}
	})
}

// baits are requests of the sender whose parts look like others. An attacker often has a say in the body.
func (f *forge) baits() []parts {
	now := f.stamp(forgeNow)
	bodies := []string{
		f.body(now, `"note":"n"`), "", now, now + now, now + `.{"a":1}`, now + `:{"a":1}`, now + "|{}", "." + now + ".{}", "v0:" + now + ":{}", "x=1&y=2", "?y=2", "0",
		`{"a":1}` + now, `{"a":1}.` + now, `{"u":"` + forgeBase + `/"}` + forgeBase + "/hooks/abc", "POST" + forgeBase + "/hooks/abc{}", "[1]", ` {"a":1}`,
		f.stamp(forgeNow.Add(time.Second)) + `{"a":"` + now + `"}`, strings.Repeat("1", 14), "1" + strings.Repeat("7", 9) + `.{"a":1}`, "hmacsha256={}",
	}
	var out []parts
	for _, body := range bodies {
		for _, id := range []string{"msg-1", now, "1", "a" + now} {
			for _, target := range []string{"/hooks/abc", "/hooks/abc?x=1", "/hooks/abc?x=" + now} {
				for _, method := range f.Methods {
					p := parts{method: method, target: target, timestamp: now, id: id, body: body}
					if !slices.Contains(f.Pieces, "{id}") && id != "msg-1" || !slices.Contains(f.Pieces, "{url}") && target != "/hooks/abc" ||
						!slices.Contains(f.Pieces, "{method}") && method != f.Methods[0] {
						continue
					}
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// readings gives ways of taking content apart, at most a few hundred of them.
func (f *forge) readings(content string, p parts) []parts {
	const most = 400
	var out []parts
	random := rand.New(rand.NewPCG(1, uint64(len(content))))
	var read func(rest string, at int, got parts)
	read = func(rest string, at int, got parts) {
		if len(out) >= most {
			return
		}
		if at == len(f.Pieces) {
			if rest == "" {
				out = append(out, got)
			}
			return
		}
		piece := f.Pieces[at]
		take := func(n int) {
			text, next := rest[:n], got
			switch piece {
			case "{body}":
				next.body = text
			case "{timestamp}":
				next.timestamp = text
			case "{id}":
				next.id = text
			case "{method}":
				next.method = text
			case "{url}":
				// The base of the address comes from the configuration.
				target, ok := strings.CutPrefix(text, forgeBase)
				if !ok || !strings.HasPrefix(target, "/") {
					return
				}
				next.target = target
			default:
				if text != piece {
					return
				}
			}
			read(rest[n:], at+1, next)
		}
		switch {
		case !strings.HasPrefix(piece, "{"):
			if len(rest) >= len(piece) {
				take(len(piece))
			}
		case at == len(f.Pieces)-1:
			take(len(rest))
		default:
			lengths := random.Perm(len(rest) + 1)
			if len(f.Pieces) > 3 && len(lengths) > 60 {
				lengths = append(lengths[:40], f.likely(rest)...)
			}
			for _, n := range lengths {
				if n <= len(rest) {
					take(n)
				}
			}
		}
	}
	read(content, 0, p)
	return out
}

// likely are the lengths at which a part may well end.
func (f *forge) likely(rest string) []int {
	out := []int{3, 4, 5, 6, 10, 13, 20}
	for i := range rest {
		if strings.IndexByte("./:{?=|", rest[i]) >= 0 {
			out = append(out, i, i+1)
		}
	}
	return out
}

// TestAttackLengthExtension: SHA-256 over a secret and then a body gives its inner state away. Whoever has seen
// one request can go on from there, and sign the body with padding and more behind it.
func TestAttackLengthExtension(t *testing.T) {
	t.Parallel()
	eachShape(t, func(f *forge, count *tally) {
		if f.key == nil {
			return
		}
		good := f.good()
		content := f.content(good)
		for _, more := range []string{`[{"evil":1}]`, "", `{"evil":1}`} {
			for secret := range 64 { // the attacker guesses how long the secret is
				signature, glue := extended(f.sign(content), secret+len(content), more)
				other := good
				other.body += glue + more
				f.refuses(count, "a body extended", f.request(other, f.encode(signature)), verify.SignatureMismatch, verify.SignatureMalformed, verify.BodyMalformed)
			}
		}
	})
}

// extended gives the SHA-256 of a text with padding and more behind it, from the text's digest and length.
func extended(digest []byte, length int, more string) (sum []byte, glue string) {
	glue = "\x80" + strings.Repeat("\x00", (119-length%64)%64)
	glue += string(binary.BigEndian.AppendUint64(nil, uint64(length)*8))
	h := sha256.New()
	state := slices.Concat([]byte("sha\x03"), cut(digest, sha256.Size), make([]byte, sha256.BlockSize))
	state = binary.BigEndian.AppendUint64(state, uint64(length+len(glue)))
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic(err)
	}
	h.Write([]byte(more))
	return h.Sum(nil), glue
}
