package event

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// MaxKeyLength is the longest event key in bytes; MaxHops how often an event may lead to another one where
// nobody says otherwise.
const (
	MaxKeyLength = 255
	MaxHops      = 16
)

// Event is one thing that happened. It is a value: copy it freely, but do not change its maps and texts
// after it was handed on.
type Event struct {
	ID            string            // UUIDv7; stable for ever, 74 random bits
	Key           string            // dotted, for example webhook.lead.created
	Namespace     string            // tenant; empty for a global event
	Time          time.Time         // when it was accepted; UTC, milliseconds
	TraceID       string            // the same for all events that follow from one another
	CorrelationID string            // names the result that a caller may poll
	Async         bool              // false while the sender waits for the handling
	Hops          int               // how many events led to this one
	Headers       map[string]string // nil is empty
	HeaderText    []byte            // JSON object that stands for Headers, where the maker has it as text; nil = none
	Payload       []byte            // JSON text; nil is null
	Parked        string            // why no pipeline may run: the event is kept for a person to look at; empty = none
	Message       bool              // it is a message that is no event: Key is the whole message key
	Batch         *Batch            // it stands for several others, for one pipeline; nil = it does not
	ReplayOf      string            // id of the event that this one repeats; empty = none
	Replay        *Replay           // what of that one is repeated; nil = everything that listens

	// Raw is what came in, where Payload is made from it and does not hold it. It is kept beside the event
	// in the store and is no part of its JSON text.
	Raw []byte
}

// New makes an asynchronous event with a fresh id; trace and correlation id are that id until set.
func New(key string, now time.Time) Event {
	id := NewID(now)
	return Event{ID: id, Key: key, Time: now.UTC().Truncate(time.Millisecond), TraceID: id, CorrelationID: id, Async: true}
}

// NewID makes a UUIDv7 (RFC 9562 5.7): 48 bits of Unix milliseconds, 74 random bits.
func NewID(now time.Time) string {
	var b [16]byte
	rand.Read(b[6:]) // never fails since Go 1.24
	return formID(b, now)
}

// DerivedID makes an id like [NewID], in which the texts stand for chance: the same texts and time give the same id.
func DerivedID(at time.Time, texts ...string) string {
	var b [16]byte
	sum := digest(at, texts)
	copy(b[6:], sum[:])
	return formID(b, at)
}

// Chance gives a number from 0 up to, but not, 1 that follows from the texts and the time.
func Chance(at time.Time, texts ...string) float64 {
	sum := digest(at, texts)
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

func digest(at time.Time, texts []string) [sha256.Size]byte {
	var all []byte
	for _, t := range texts {
		all = append(binary.BigEndian.AppendUint64(all, uint64(len(t))), t...)
	}
	return sha256.Sum256(binary.BigEndian.AppendUint64(all, uint64(at.UnixNano())))
}

// formID writes the time into b, whose last ten bytes are given, and gives the text.
func formID(b [16]byte, at time.Time) string {
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(b[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	var t [36]byte
	hex.Encode(t[:8], b[:4])
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:], b[10:])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return string(t[:])
}

// CheckKey reports whether key is a usable event key: words joined by dots, each of letters, digits,
// '_', '-', ':', '/' or '@', so that every broker can use it as a subject or routing key as it is.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyLength {
		return fault.New(fault.EventInvalid, "an event key has 1 to %d bytes", MaxKeyLength)
	}
	for word := range strings.SplitSeq(key, ".") {
		if word == "" {
			return fault.New(fault.EventInvalid, "event key %q has an empty word", key).WithHint("join words by single dots")
		}
		for _, c := range word {
			if !keyRune(c) {
				return fault.New(fault.EventInvalid, "event key %q holds the character %q", key, c).
					WithHint("use letters, digits, _ - : / @ and dots")
			}
		}
	}
	return nil
}

func keyRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-:/@", c)
}

// AppendJSON appends the event's JSON text to dst. Payload is copied as it is.
func (e Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = value.AppendString(dst, e.ID)
	dst = append(dst, `,"eventKey":`...)
	dst = value.AppendString(dst, e.Key)
	dst = append(dst, `,"namespace":`...)
	dst = value.AppendString(dst, e.Namespace)
	dst = append(dst, `,"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, timeFormat)
	dst = append(dst, `","traceId":`...)
	dst = value.AppendString(dst, e.TraceID)
	dst = append(dst, `,"correlationId":`...)
	dst = value.AppendString(dst, e.CorrelationID)
	dst = append(dst, `,"async":`...)
	dst = strconv.AppendBool(dst, e.Async)
	dst = append(dst, `,"hops":`...)
	dst = strconv.AppendInt(dst, int64(e.Hops), 10)
	if e.Parked != "" {
		dst = append(dst, `,"parked":`...)
		dst = value.AppendString(dst, e.Parked)
	}
	if e.Message {
		dst = append(dst, `,"message":true`...)
	}
	if e.Batch != nil {
		dst = e.Batch.appendJSON(dst)
	}
	if e.ReplayOf != "" {
		dst = append(dst, `,"replayOf":`...)
		dst = value.AppendString(dst, e.ReplayOf)
	}
	if e.Replay != nil {
		dst = e.Replay.appendJSON(dst)
	}
	dst = append(dst, `,"headers":`...)
	if e.HeaderText != nil {
		dst = append(dst, e.HeaderText...)
	} else {
		dst = appendHeaders(dst, e.Headers)
	}
	dst = append(dst, `,"payload":`...)
	if len(e.Payload) == 0 {
		return append(dst, "null}"...)
	}
	return append(append(dst, e.Payload...), '}')
}

func appendHeaders(dst []byte, headers map[string]string) []byte {
	dst = append(dst, '{')
	first := true
	for name, v := range headers {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(value.AppendString(dst, name), ':')
		dst = value.AppendString(dst, v)
	}
	return append(dst, '}')
}

const timeFormat = "2006-01-02T15:04:05.000Z07:00"
