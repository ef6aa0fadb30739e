package form_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress/internal/form"
	"github.com/penstock/penstock/runtime/value"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want map[string]any
		err  error
	}{
		"fields":             {"a=1&b=two+words&c=%C3%A9", map[string]any{"a": "1", "b": "two words", "c": "é"}, nil},
		"repeated":           {"a=1&a=2&a=3&b=", map[string]any{"a": []any{"1", "2", "3"}, "b": ""}, nil},
		"no value":           {"a&b", map[string]any{"a": "", "b": ""}, nil},
		"no name":            {"=1", map[string]any{"": "1"}, nil},
		"empty":              {"", map[string]any{}, nil},
		"empty pairs":        {"&&a=1&", map[string]any{"a": "1"}, nil},
		"equals in a value":  {"a=b=c", map[string]any{"a": "b=c"}, nil},
		"brackets":           {"a[b]=1", map[string]any{"a[b]": "1"}, nil},
		"semicolon":          {"a=1;b=2", map[string]any{"a": "1;b=2"}, nil},
		"not UTF-8":          {"a=%ff%ff", map[string]any{"a": "\uFFFD"}, nil},
		"NUL":                {"a=%00", map[string]any{"a": "\x00"}, nil},
		"broken escape":      {"a=%4", nil, form.ErrEscape},
		"escape of letters":  {"a=%zz", nil, form.ErrEscape},
		"escape at the end":  {"a=%", nil, form.ErrEscape},
		"broken name":        {"%=1", nil, form.ErrEscape},
		"most fields":        {strings.Repeat("a&", form.MaxPairs), map[string]any{"a": repeated("", form.MaxPairs)}, nil},
		"one field too many": {strings.Repeat("a&", form.MaxPairs+1), nil, form.ErrPairs},
		"long name":          {strings.Repeat("n", form.MaxName+1) + "=1", nil, form.ErrName},
		"long escaped name":  {strings.Repeat("%41", form.MaxName) + "=1", map[string]any{strings.Repeat("A", form.MaxName): "1"}, nil},
		"long text":          {"a=" + strings.Repeat("x", form.MaxText+1), nil, form.ErrText},
		"very long text":     {"a=" + strings.Repeat("x", 3*form.MaxText+1), nil, form.ErrText},
	} {
		got, err := form.Decode([]byte(c.body))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func repeated(text string, n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = text
	}
	return out
}

const boundary = "edge"

func part(disposition, kind, content string) string {
	out := "--" + boundary + "\r\nContent-Disposition: form-data; " + disposition + "\r\n"
	if kind != "" {
		out += "Content-Type: " + kind + "\r\n"
	}
	return out + "\r\n" + content + "\r\n"
}

const end = "--" + boundary + "--\r\n"

func file(name, kind, content string) map[string]any {
	return map[string]any{
		"name": "file", "filename": name, "contentType": kind, "size": len(content),
		"content": base64.StdEncoding.EncodeToString([]byte(content)),
	}
}

func TestDecodeMultipart(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for name, c := range map[string]struct {
		body string
		want object
		err  error
	}{
		"file and field": {
			part(`name="file"; filename="a.txt"`, "text/plain", "hello") + part(`name="note"`, "", "n") + end,
			object{"files": []any{file("a.txt", "text/plain", "hello")}, "fields": object{"note": "n"}},
			nil,
		},
		"two files": {
			part(`name="file"; filename="a"`, "", "1") + part(`name="file"; filename="b"`, "", "\x00\xff") + end,
			object{"files": []any{file("a", "", "1"), file("b", "", "\x00\xff")}, "fields": object{}},
			nil,
		},
		"a file under another name is passed over": {
			part(`name="photo"; filename="a.png"`, "image/png", "x") + part(`name="a"`, "", "1") + end,
			object{"files": []any{}, "fields": object{"a": "1"}},
			nil,
		},
		"a part named file without a file name is a field": {
			part(`name="file"`, "", "text") + end, object{"files": []any{}, "fields": object{"file": "text"}}, nil,
		},
		"repeated field": {
			part(`name="a"`, "", "1") + part(`name="a"`, "", "2") + end,
			object{"files": []any{}, "fields": object{"a": []any{"1", "2"}}},
			nil,
		},
		"path in a file name": {
			part(`name="file"; filename="../../etc/passwd"`, "", "x") + end,
			object{"files": []any{file("passwd", "", "x")}, "fields": object{}},
			nil,
		},
		"Windows path in a file name": {
			part(`name="file"; filename="C:\\temp\\a.txt"`, "", "x") + end,
			object{"files": []any{file("a.txt", "", "x")}, "fields": object{}},
			nil,
		},
		"dots as a file name": {
			part(`name="file"; filename=".."`, "", "x") + end,
			object{"files": []any{file("unnamed", "", "x")}, "fields": object{}},
			nil,
		},
		"quoted-printable is left as it is": {
			"--" + boundary + "\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n" + end,
			object{"files": []any{}, "fields": object{"a": "=41"}},
			nil,
		},
		"not UTF-8": {
			part(`name="a"`, "", "\xff") + end, object{"files": []any{}, "fields": object{"a": "\uFFFD"}}, nil,
		},
		"no parts":      {end, object{"files": []any{}, "fields": object{}}, nil},
		"no end":        {part(`name="a"`, "", "1"), nil, form.ErrBroken},
		"empty":         {"", nil, form.ErrBroken},
		"other edge":    {strings.ReplaceAll(part(`name="a"`, "", "1")+end, boundary, "other"), nil, form.ErrBroken},
		"broken header": {"--" + boundary + "\r\nno colon\r\n\r\nx\r\n" + end, nil, form.ErrBroken},
		"long field":    {part(`name="a"`, "", strings.Repeat("x", form.MaxText+1)) + end, nil, form.ErrText},
		"long name":     {part(`name="`+strings.Repeat("n", form.MaxName+1)+`"`, "", "x") + end, nil, form.ErrName},
		"long file":     {part(`name="file"; filename="a"`, "", strings.Repeat("x", 4_194_305)) + end, nil, form.ErrFile},
		"one too many":  {strings.Repeat(part(`name="a"`, "", "1"), form.MaxParts+1) + end, nil, form.ErrParts},
		"hidden ones count": {
			strings.Repeat(part(`name="x"; filename="a"`, "", "1"), form.MaxParts+1) + end, nil, form.ErrParts,
		},
	} {
		got, err := form.DecodeMultipart([]byte(c.body), boundary)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, b := range []string{"", strings.Repeat("b", 71)} {
		if _, err := form.DecodeMultipart([]byte(end), b); !errors.Is(err, form.ErrBoundary) {
			t.Errorf("boundary of %d bytes: %v", len(b), err)
		}
	}
}

// TestDecodeMultipartReadsWhatTheStandardLibraryWrites holds the walk against the writer of mime/multipart.
func TestDecodeMultipartReadsWhatTheStandardLibraryWrites(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	f, err := w.CreateFormFile("file", `strange "name".bin`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("a", "ä"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := form.DecodeMultipart(body.Bytes(), w.Boundary())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"files":  []any{file(`strange "name".bin`, "application/octet-stream", string(content))},
		"fields": map[string]any{"a": "ä"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAppendJSON: a file as JSON text says the same as one as a value.
func TestAppendJSON(t *testing.T) {
	t.Parallel()
	body := []byte(part(`name="file"; filename="a\"b\xff.txt"`, "text/plain; x=\"y\"", "\x00\xff text") + end)
	object, err := form.DecodeMultipart(body, boundary)
	if err != nil {
		t.Fatal(err)
	}
	err = form.Walk(body, boundary, func(p form.Part) error {
		got, err := value.Decode(p.AppendJSON(nil))
		if err != nil {
			return err
		}
		if diff := cmp.Diff(object["files"], []any{got}); diff != "" {
			t.Error(diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// FuzzForm: what is accepted means what net/url reads, and every text is UTF-8.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b=%C3%A9", "a&a=+", "=&=", "%41=%zz", "a=1;b=2", "&&&", "a=\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := form.Decode(body)
		if err != nil {
			return
		}
		other, err := url.ParseQuery(string(body))
		if err != nil {
			if bytes.ContainsRune(body, ';') { // net/url takes no semicolon
				return
			}
			t.Fatalf("net/url refuses what we accept: %v", err)
		}
		names := map[string]bool{}
		for name, values := range other {
			name = strings.ToValidUTF8(name, "\uFFFD")
			names[name] = true
			if len(values) == 1 && len(got) == len(other) {
				if want := strings.ToValidUTF8(values[0], "\uFFFD"); got[name] != want {
					t.Fatalf("field %q is %q, net/url says %q", name, got[name], want)
				}
			}
		}
		for name, v := range got {
			if !names[name] || !utf8.ValidString(fmt.Sprint(name, v)) {
				t.Fatalf("field %q is unknown to net/url, or not UTF-8", name)
			}
		}
	})
}

// FuzzMultipart: no body panics, and what comes out is not more than went in.
func FuzzMultipart(f *testing.F) {
	f.Add([]byte(part(`name="file"; filename="a"`, "text/plain", "x")+part(`name="b"`, "", "y")+end), boundary)
	f.Add([]byte("--b\r\n\r\n\r\n--b--"), "b")
	f.Add([]byte(part(`name*=UTF-8''%41`, "", "y")+end), boundary)
	f.Fuzz(func(t *testing.T, body []byte, edge string) {
		parts, size := 0, 0
		err := form.Walk(body, edge, func(p form.Part) error {
			if parts++; p.Filename != "" && (p.Name != form.FileField || strings.ContainsAny(p.Filename, `/\`)) {
				t.Fatalf("file %q under %q", p.Filename, p.Name)
			}
			size += len(p.Content)
			return nil
		})
		if parts > form.MaxParts || size > len(body) {
			t.Fatalf("%d parts of %d bytes from %d", parts, size, len(body))
		}
		object, again := form.DecodeMultipart(body, edge)
		if (err == nil) != (again == nil) {
			t.Fatalf("walk %v, decode %v", err, again)
		}
		if err == nil && (object["files"] == nil || object["fields"] == nil) {
			t.Fatal("files or fields are missing")
		}
	})
}

func BenchmarkDecode1KB(b *testing.B) {
	body := []byte(strings.TrimSuffix(strings.Repeat("field=value+with%20some&", 40), "&"))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := form.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMultipart64KB(b *testing.B) {
	body := []byte(part(`name="file"; filename="a.bin"`, "application/octet-stream", strings.Repeat("x", 64<<10)) + end)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := form.DecodeMultipart(body, boundary); err != nil {
			b.Fatal(err)
		}
	}
}
