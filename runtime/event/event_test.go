package event_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
)

func sample() event.Event {
	e := event.New("webhook.lead.created", time.UnixMilli(1_764_000_000_123))
	e.Namespace, e.TraceID, e.Hops, e.Parked = "acme", "6936bd:efg35ee", 2, "it \"fits\" nowhere"
	e.Headers = map[string]string{"content-type": "application/json", "x-\"q\"": "é\n"}
	e.Payload = []byte(`{"origin":"SGVsbG8="}`)
	return e
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := sample()
	got, object, err := event.Unmarshal(want.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got.Payload, err = object.Payload(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTripOfMessagesAndBatches(t *testing.T) {
	t.Parallel()
	message, batch := sample(), sample()
	message.Message, message.Payload = true, nil
	batch.Batch, batch.Payload = &event.Batch{Pipeline: "orders", Members: []string{"a", "b\"c"}, Shared: []string{"a"}}, nil
	for _, want := range []event.Event{message, batch} {
		want.Payload = nil
		got, _, err := event.Unmarshal(want.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	text := string(batch.AppendJSON(nil))
	for _, bad := range []string{`{"pipeline":1,"members":["a"]}`, `{"pipeline":"p","members":[]}`, `{"pipeline":"p","members":[1]}`, `{"pipeline":"p","members":["a"],"shared":[1]}`, `7`} {
		if _, _, err := event.Unmarshal([]byte(strings.Replace(text, `{"pipeline":"orders","members":["a","b\"c"],"shared":["a"]}`, bad, 1))); err == nil {
			t.Errorf("the batch %s is taken", bad)
		}
	}
}

func TestDerivedID(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	at := time.UnixMilli(1_764_000_000_123)
	id := event.DerivedID(at, "job", "p")
	if !form.MatchString(id) || id != event.DerivedID(at.In(time.FixedZone("x", 3600)), "job", "p") {
		t.Errorf("%s is no stable UUIDv7", id)
	}
	for _, other := range []string{event.DerivedID(at, "jobp", ""), event.DerivedID(at, "job", "q"), event.DerivedID(at.Add(time.Nanosecond), "job", "p")} {
		if other == id {
			t.Error("different texts or times have one id")
		}
	}
}

// TestHeaderText: headers that are text already are the same in the event.
func TestHeaderText(t *testing.T) {
	t.Parallel()
	want := sample()
	other := want
	other.Headers, other.HeaderText = nil, []byte(`{"x-\"q\"":"é\n","content-type":"application/json"}`)
	got, _, err := event.Unmarshal(other.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Headers, got.Headers); diff != "" {
		t.Error(diff)
	}
}

// TestPayloadText: the payload comes back as it was put in, whatever else the event holds.
func TestPayloadText(t *testing.T) {
	t.Parallel()
	for _, want := range []string{`{"a":1}`, " \r\n[1,\t2] \n", `"},\"payload\":"`, `1.50`, `{"payload":{"payload":null}}`} {
		e := sample()
		e.Headers["payload"], e.Payload = `x","payload":1`, []byte(want)
		got, err := event.PayloadText(e.AppendJSON(nil))
		if err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	e := sample()
	e.Payload = nil
	if got, err := event.PayloadText(e.AppendJSON(nil)); err != nil || string(got) != "null" {
		t.Errorf("without a payload: %q, %v", got, err)
	}
	for _, bad := range []string{"", "{", "[]", `{"a":1}`, `{"a"`, `"payload"`} {
		if got, err := event.PayloadText([]byte(bad)); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestIDIsUUIDv7(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	now := time.Now()
	for range 1000 {
		id := event.NewID(now)
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("bad or repeated id %s", id)
		}
		seen[id] = true
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "webhook.lead.created", "com.acme/x.y_z-1:2@3"} {
		if err := event.CheckKey(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "a..b", "a.", ".a", "a b", "a.*", "a.#", "a.>", "a\x00", "ä", strings.Repeat("a", 256)} {
		if err := event.CheckKey(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestViewShowsOriginAndTarget(t *testing.T) {
	t.Parallel()
	_, object, err := event.Unmarshal(sample().AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	view := event.View(map[string]any(object)).(map[string]any)
	if view["origin"] != "SGVsbG8=" {
		t.Errorf("origin = %v", view["origin"])
	}
	if _, ok := view["target"].(map[string]any); !ok {
		t.Errorf("target = %v, want an empty map", view["target"])
	}
	if _, has := object["origin"]; has {
		t.Error("the event itself was changed")
	}
	if got := event.View("text"); got != "text" {
		t.Errorf("View(text) = %v", got)
	}
}

// FuzzUnmarshal: no input panics, and what is accepted keeps its identity through a second round.
func FuzzUnmarshal(f *testing.F) {
	f.Add(sample().AppendJSON(nil))
	f.Add([]byte(`{"id":"x","eventKey":"a","time":"2026-01-01T00:00:00Z","headers":{"a":"b"},"payload":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, o, err := event.Unmarshal(data)
		if err != nil {
			return
		}
		if e.Payload, err = o.Payload(); err != nil {
			t.Fatal(err)
		}
		again, _, err := event.Unmarshal(e.AppendJSON(nil))
		if err != nil {
			t.Fatalf("own text refused: %v", err)
		}
		if again.ID != e.ID || again.Key != e.Key {
			t.Fatal("identity changed")
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	e := sample()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = e.AppendJSON(buf[:0])
	}
}

func BenchmarkUnmarshal1KB(b *testing.B) {
	e := sample()
	e.Payload = []byte(`{"origin":"` + strings.Repeat("QUJD", 256) + `"}`)
	text := e.AppendJSON(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := event.Unmarshal(text); err != nil {
			b.Fatal(err)
		}
	}
}
