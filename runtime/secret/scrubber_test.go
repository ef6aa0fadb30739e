package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"unicode"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// spellings gives the ways in which a secret may turn up, each beside the check that must not find it.
func spellings(s string) map[string]string {
	out := map[string]string{
		"plain":     s,
		"hex":       hex.EncodeToString([]byte(s)),
		"HEX":       strings.ToUpper(hex.EncodeToString([]byte(s))),
		"query":     url.QueryEscape(s),
		"path":      url.PathEscape(s),
		"std":       base64.StdEncoding.EncodeToString([]byte(s)),
		"url":       base64.URLEncoding.EncodeToString([]byte(s)),
		"raw std":   base64.RawStdEncoding.EncodeToString([]byte(s)),
		"raw url":   base64.RawURLEncoding.EncodeToString([]byte(s)),
		"quoted":    fmt.Sprintf("%q", s),
		"low query": lowerEscapes(url.QueryEscape(s)),
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	out["json"] = string(encoded)
	return out
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' && i+2 < len(b) {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

func TestScrubEverySpelling(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"hunter2-hunter2", canary, "line\nbreak\tand \"quotes\"", "12345678", strings.Repeat("k", 500)} {
		scrub := secret.NewScrubber()
		scrub.Add(s)
		for name, spelled := range spellings(s) {
			got := scrub.Scrub("before " + spelled + " behind " + spelled)
			if want := "before " + secret.Redacted + " behind " + secret.Redacted; strings.ReplaceAll(got, `"`, "") != want {
				t.Errorf("%s of %q: %s", name, s, got)
			}
		}
	}
}

// TestScrubInsideBase64 covers a secret that was encoded together with something else.
func TestScrubInsideBase64(t *testing.T) {
	t.Parallel()
	scrub := secret.NewScrubber()
	scrub.Add(canary)
	for before := range 7 {
		for behind := range 4 {
			text := strings.Repeat("u", before) + canary + strings.Repeat("z", behind)
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				got := scrub.Scrub("Basic " + enc.EncodeToString([]byte(text)))
				if !strings.Contains(got, secret.Redacted) || len(got) > len("Basic ")+len(secret.Redacted)+before*2+behind*2+10 {
					t.Errorf("%d before, %d behind: %s", before, behind, got)
				}
			}
		}
	}
}

func TestScrubLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	scrub := secret.NewScrubber()
	scrub.Add("short")
	scrub.Add("")
	scrub.Add("long-secret-one")
	scrub.Add("long-secret-one-and-more")
	for text, want := range map[string]string{
		"":                                "",
		"short and harmless":              "short and harmless",
		"long-secret-on":                  "long-secret-on",
		"long-secret-one-and-more":        secret.Redacted,
		"long-secret-one-and":             secret.Redacted + "-and",
		"xlong-secret-onelong-secret-one": "x" + secret.Redacted + secret.Redacted,
	} {
		if got := scrub.Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

type stringer struct{ s string }

func (s stringer) String() string { return "stringer " + s.s }

type panicker struct{}

func (panicker) String() string { panic("boom") }

type valuer struct{ s string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("deep", v.s)) }

// TestCanary is the promise on leakage: twelve secrets through every way into a log line, and none comes
// out in any spelling.
func TestCanary(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			scrub := secret.NewScrubber()
			var inner slog.Handler = slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
			if format == "text" {
				inner = slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
			}
			log := slog.New(scrub.Handler(inner))

			var secrets []string
			for i := range 12 {
				secrets = append(secrets, fmt.Sprintf("cAnaRy/%d+%d&\"%s", i, i*7919, strings.Repeat("?", i)))
				scrub.Add(secrets[i])
			}
			for _, s := range secrets {
				for name, spelled := range spellings(s) {
					inErr := fault.Wrap(fault.MailRelay, errors.New("dial "+spelled), "sending")
					log.Info("message "+spelled, name, spelled) //nolint:sloglint // a message that holds a secret is the point
					log.With("bound", spelled).WithGroup("g").With("deeper", []byte(spelled)).Error("m", "err", inErr)
					log.Warn("m", slog.Group("a", slog.Group("b", "c", spelled)), "s", stringer{spelled}, "v", valuer{spelled})
					log.Debug("m", "list", []string{spelled}, "map", map[string]any{"k": spelled},
						"raw", json.RawMessage(`{"a":"`+spelled+`"}`), "struct", struct{ A string }{spelled}, "p", &spelled)
					log.Info("m", spelled, 1, "panic", panicker{}, "nil", nil, "nilp", (*stringer)(nil))
					func() {
						defer func() { log.Error("panic", "value", recover()) }()
						panic(fmt.Errorf("forced %s", spelled))
					}()
				}
			}
			text := out.String()
			for _, s := range secrets {
				for name, spelled := range spellings(s) {
					if strings.Contains(text, strings.Trim(spelled, `"`)) {
						t.Errorf("%s is in the log as %s", s, name)
					}
				}
				if strings.Contains(text, "cAnaRy") {
					t.Error("a part of a secret is in the log")
				}
			}
			if !strings.Contains(text, secret.Redacted) {
				t.Error("nothing was redacted")
			}
		})
	}
}

func TestHandlerKeepsTheContractOfSlog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := secret.NewScrubber().Handler(slog.NewJSONHandler(&out, nil))
	err := slogtest.TestHandler(h, func() []map[string]any {
		var lines []map[string]any
		for line := range bytes.Lines(out.Bytes()) {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, m)
		}
		return lines
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOneCleanLineEach(t *testing.T) {
	t.Parallel()
	scrub := secret.NewScrubber()
	scrub.Add("hunter2-hunter2")
	for name, c := range map[string]struct{ in, want string }{
		"line breaks": {"a\r\nb", `a\r\nb`},
		"escape":      {"\x1b[2Jgone", `\x1b[2Jgone`},
		"bidi":        {"abc\u202edef\u2028", `abc\u202edef\u2028`},
		"nul and del": {"\x00\x7f\u0085", `\x00\x7f\u0085`},
		"not UTF-8":   {"ok\xff\xfe", `ok\xff\xfe`},
		"tag":         {"\U000e0041", `\U000e0041`},
		"harmless":    {"größer als 日本 🙂", "größer als 日本 🙂"},
		"1 MiB":       {strings.Repeat("a", 1<<20), strings.Repeat("a", 2048) + "… (1048576 bytes)"},
		"no half rune": {
			strings.Repeat("a", 2047) + "ä",
			strings.Repeat("a", 2047) + "… (2049 bytes)",
		},
		"secret at the cut": {
			strings.Repeat("a", 2040) + "hunter2-hunter2" + strings.Repeat("b", 100),
			strings.Repeat("a", 2040) + "[redacte… (2150 bytes)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			slog.New(scrub.Handler(slog.NewJSONHandler(&out, nil))).Info(c.in, "v", c.in, "e", errors.New(c.in)) //nolint:sloglint // a hostile message is the point
			if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
				t.Fatalf("not one line: %q", out.String())
			}
			for _, r := range out.String()[:out.Len()-1] {
				if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
					t.Errorf("a raw control character %U", r)
				}
			}
			var got map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"msg", "v", "e"} {
				if got[key] != c.want {
					t.Errorf("%s is %q, want %q", key, got[key], c.want)
				}
			}
		})
	}
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	scrub := secret.NewScrubber()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				s := fmt.Sprintf("secret-%d-%d-", i, j)
				scrub.Add(s)
				if got := scrub.Scrub("x " + s + " y"); got != "x "+secret.Redacted+" y" {
					t.Errorf("got %q", got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func FuzzScrub(f *testing.F) {
	f.Add("hunter2-hunter2", "text with hunter2-hunter2 inside")
	f.Add(canary, "x")
	f.Add("\xff\xfe\x00aaaaaaa", "\xff")
	f.Fuzz(func(t *testing.T, s, text string) {
		scrub := secret.NewScrubber()
		scrub.Add(s)
		got := scrub.Scrub(text + s + text)
		if len(s) >= secret.MinScrub && strings.Contains(strings.ReplaceAll(got, secret.Redacted, "\x00"), s) && !strings.Contains(s, "\x00") {
			t.Errorf("%q survived in %q", s, got)
		}
		if clean := secret.Escape(text); !utf8.ValidString(clean) {
			t.Errorf("Escape gave invalid UTF-8 %q", clean)
		}
	})
}

func BenchmarkScrub(b *testing.B) {
	scrub := secret.NewScrubber()
	for i := range 20 {
		scrub.Add(fmt.Sprintf("a-secret-of-some-length-%d", i))
	}
	text := strings.Repeat("an ordinary log line without any secret in it, ", 4)
	for name, in := range map[string]string{"nothing": text, "one": text + "a-secret-of-some-length-7" + text} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				scrub.Scrub(in)
			}
		})
	}
}

func BenchmarkHandler(b *testing.B) {
	scrub := secret.NewScrubber()
	scrub.Add("a-secret-of-some-length")
	plain := slog.NewJSONHandler(discard{}, nil)
	for name, h := range map[string]slog.Handler{"bare": plain, "scrubbed": scrub.Handler(plain)} {
		log := slog.New(h)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				log.Info("run finished", "event_id", "0195e0f0-0000-7000-8000-000000000000", "pipeline", "lead-mail", "steps", 3)
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
