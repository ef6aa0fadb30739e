package secret

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLogValue is how many bytes of one value reach the log.
const MaxLogValue = 2 << 10

// Handler gives a log handler in front of next that scrubs messages and attributes, escapes control
// characters and cuts long values. Attributes bound with Logger.With are scrubbed when they are bound.
func (s *Scrubber) Handler(next slog.Handler) slog.Handler { return &handler{scrub: s, next: next} }

type handler struct {
	scrub *Scrubber
	next  slog.Handler
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	message := h.scrub.clean(r.Message)
	same := message == r.Message
	r.Attrs(func(a slog.Attr) bool {
		same = same && h.scrub.harmless(a)
		return same
	})
	if same {
		return h.next.Handle(ctx, r)
	}
	clean := slog.NewRecord(r.Time, r.Level, message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.scrub.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{scrub: h.scrub, next: h.next.WithAttrs(h.scrub.attrs(attrs))}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{scrub: h.scrub, next: h.next.WithGroup(h.scrub.clean(name))}
}

func (s *Scrubber) attrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = s.attr(a)
	}
	return out
}

// harmless reports whether attr would not change a; it may say no too often.
func (s *Scrubber) harmless(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindString:
		text := a.Value.String()
		return s.clean(a.Key) == a.Key && s.clean(text) == text
	case slog.KindGroup, slog.KindAny, slog.KindLogValuer:
		return false
	default:
		return s.clean(a.Key) == a.Key
	}
}

func (s *Scrubber) attr(a slog.Attr) slog.Attr {
	a.Key = s.clean(a.Key)
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(s.clean(v.String()))
	case slog.KindGroup:
		a.Value = slog.GroupValue(s.attrs(v.Group())...)
	case slog.KindAny:
		if v.Any() == nil { // also the empty attribute, which handlers leave out
			return a
		}
		a.Value = slog.StringValue(s.clean(text(v.Any())))
	default:
		a.Value = v
	}
	return a
}

// text spells a value out; fmt also survives a method that panics.
func text(v any) string {
	if raw, ok := v.([]byte); ok {
		return string(raw)
	}
	return fmt.Sprintf("%+v", v)
}

// clean scrubs before it cuts, so that no half of a secret is left over.
func (s *Scrubber) clean(text string) string {
	text = s.Scrub(text)
	if len(text) > MaxLogValue {
		end := MaxLogValue
		for end > MaxLogValue-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "… (" + strconv.Itoa(len(text)) + " bytes)"
	}
	return Escape(text)
}

// Escape makes text safe for a terminal and a line of a log: control and invisible format characters
// and broken UTF-8 become \n, \x1b, \u202e and the like. A text without them is returned as it is.
func Escape(text string) string {
	bad := strings.IndexFunc(text, unsafeRune)
	if bad < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	b.WriteString(text[:bad])
	for i := bad; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unsafeRune(c):
			quoted := strconv.QuoteToASCII(string(c))
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(c)
		}
		i += size
	}
	return b.String()
}

func unsafeRune(c rune) bool {
	switch {
	case c < 0x20 || c == 0x7f:
		return true
	case c < 0x7f:
		return false
	}
	return c == utf8.RuneError || unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
