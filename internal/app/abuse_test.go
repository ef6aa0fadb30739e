package app_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/penstock/penstock/internal/testkit/child"
)

// The abuse tests run small in every test run, and at full size by `make abuse`.
func full() bool { return os.Getenv("PENSTOCK_ABUSE") == "full" }

func size(small, whole int) int {
	if full() {
		return whole
	}
	return small
}

// abused is a server that is about to be misused, in a process of its own.
func abused(t *testing.T, set ...string) *server {
	t.Helper()
	s := startServer(t, t.TempDir(), set...)
	t.Cleanup(s.Kill)
	s.putWebhook(t)
	return s
}

// rss gives the server's resident memory in MiB.
func (s *server) rss(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n >> 10
		}
	}
	t.Fatal("the server's memory cannot be read")
	return 0
}

// answerOf reads one answer and gives its status.
func answerOf(r *bufio.Reader) (int, error) {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// from gives a client whose connections begin at the address.
func from(address string) *http.Client {
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 10 * time.Second}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64}}
}

// T1: guessing tokens is answered 401 at most as often as the budget of failures allows.
func TestAbuseTokenGuessing(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t)
	guesses := size(2000, 10_000)
	var unauthorized, limited, other, good, refused atomic.Int64
	begin := time.Now()
	var group sync.WaitGroup
	attacker := from("127.0.0.1")
	for worker := range 8 {
		group.Go(func() {
			for i := range guesses / 8 {
				res, err := attacker.Post(fmt.Sprintf("http://%s/hooks/guess-%d-%d-0123456789", s.public, worker, i), "", nil)
				if err != nil {
					other.Add(1)
					continue
				}
				res.Body.Close()
				switch res.StatusCode {
				case http.StatusUnauthorized:
					unauthorized.Add(1)
				case http.StatusTooManyRequests:
					limited.Add(1)
				default:
					other.Add(1)
				}
			}
		})
	}
	for _, address := range []string{"127.0.0.2", "127.0.0.1"} {
		group.Go(func() {
			c := from(address)
			for range 100 {
				if status, _, _, err := s.post(t.Context(), c, []byte(`{}`)); err != nil || status != http.StatusOK {
					refused.Add(1)
				} else {
					good.Add(1)
				}
			}
		})
	}
	group.Wait()
	allowed := 20 + int64(time.Since(begin)/(3*time.Second)) + 1
	t.Logf("T1: %d guesses: %d answered 401 (at most %d), %d answered 429, %d otherwise; good calls meanwhile: %d accepted, %d refused",
		guesses, unauthorized.Load(), allowed, limited.Load(), other.Load(), good.Load(), refused.Load())
	if unauthorized.Load() > allowed || other.Load() > 0 || refused.Load() > 0 {
		t.Error("the budget of failures does not hold")
	}
}

// T1: the memory that failures take is bounded, whatever addresses a proxy reports.
func TestAbuseSpoofedAddresses(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t, "ingress.trusted_proxies=127.0.0.1")
	spoofed := size(50_000, 1_000_000)
	before := s.rss(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			conn, err := net.Dial("tcp", s.public)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			r := bufio.NewReader(conn)
			for i := range spoofed / 8 {
				n := worker*spoofed/8 + i
				fmt.Fprintf(conn, "POST /hooks/guess-0123456789-0123456789 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.%d.%d.%d\r\nContent-Length: 0\r\n\r\n", n>>16, n>>8&255, n&255)
				if _, err := answerOf(r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	grown := s.rss(t) - before
	t.Logf("T1: %d addresses: the server's memory grew by %d MiB", spoofed, grown)
	if limit := 64 * memoryFactor; grown > limit {
		t.Errorf("the memory grew by more than %d MiB", limit)
	}
}

// T5: a body without end is cut off at the limit.
func TestAbuseLargeBody(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t)
	s.putWebhookOf(t, 1<<20)
	before := s.rss(t)
	sent, status := s.endless(t)
	one := s.rss(t) - before
	connections := size(40, 200)
	var group sync.WaitGroup
	var cut atomic.Int64
	for range connections {
		group.Go(func() {
			switch _, status := s.endless(t); status {
			case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, 0:
				cut.Add(1)
			}
		})
	}
	group.Wait()
	many := s.rss(t) - before
	t.Logf("T5: 1 GiB chunked: status %d after %d KiB left the sender, memory +%d MiB; %d such connections: %d cut off, memory +%d MiB",
		status, sent>>10, one, connections, cut.Load(), many)
	if status != http.StatusRequestEntityTooLarge || int(cut.Load()) != connections {
		t.Error("a body without end was not refused")
	}
	if sent > 16<<20 || one > 8*memoryFactor || many > 400*memoryFactor {
		t.Error("too much of it was taken in")
	}
	if code, _, _, err := s.post(t.Context(), client(), []byte(`{}`)); err != nil || code != http.StatusOK {
		t.Errorf("a good call afterwards: status %d, %v", code, err)
	}
}

// endless sends a chunked body of 1 GiB until the server stops reading; status 0 = the connection was reset.
func (s *server) endless(t *testing.T) (sent, status int) {
	t.Helper()
	conn, err := net.Dial("tcp", s.public)
	if err != nil {
		t.Error(err)
		return 0, -1
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	answer := make(chan int, 1)
	go func() {
		code, err := answerOf(bufio.NewReader(conn))
		if err != nil {
			code = 0
		}
		answer <- code
	}()
	fmt.Fprintf(conn, "POST /hooks/%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", token)
	chunk := append([]byte("10000\r\n"), append(bytes.Repeat([]byte("a"), 0x10000), "\r\n"...)...)
	for range 1 << 14 {
		n, err := conn.Write(chunk)
		sent += n
		if err != nil {
			break
		}
	}
	return sent, <-answer
}

// T6: a small body that inflates to a huge one is refused, and makes no event.
func TestAbuseBombs(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t)
	inflated := size(200<<20, 800<<20)
	for _, b := range bombs(t, inflated) {
		before := s.rss(t)
		begin := time.Now()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.public+"/hooks/"+token, bytes.NewReader(b.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Encoding", b.encoding)
		req.Header.Set("Content-Type", "application/json")
		res, err := client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		took, grown := time.Since(begin), s.rss(t)-before
		t.Logf("T6: %-22s %7d bytes for %d MiB: status %d in %s, memory +%d MiB", b.name, len(b.body), inflated>>20, res.StatusCode, took.Round(time.Millisecond), grown)
		if res.StatusCode != http.StatusRequestEntityTooLarge && res.StatusCode != http.StatusUnsupportedMediaType && res.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s: status %d", b.name, res.StatusCode)
		}
		if grown > 32*memoryFactor {
			t.Errorf("%s: the memory grew by %d MiB", b.name, grown)
		}
	}
	s.Kill()
	s.read.Wait()
	if len(s.executed) > 0 {
		t.Errorf("%d events were made of bombs", len(s.executed))
	}
}

type bomb struct {
	name, encoding string
	body           []byte
}

func bombs(t *testing.T, inflated int) []bomb {
	t.Helper()
	packed := func(open func(io.Writer) io.WriteCloser, size int) []byte {
		var b bytes.Buffer
		w := open(&b)
		zeros := make([]byte, 1<<20)
		for range size >> 20 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	gz := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	once := packed(gz, inflated)
	var twice bytes.Buffer
	w := gzip.NewWriter(&twice)
	_, _ = w.Write(once)
	_ = w.Close()
	return []bomb{
		{"gzip", "gzip", once},
		{"deflate", "deflate", packed(func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 9); return f }, inflated)},
		{"br", "br", packed(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }, inflated)},
		{"zstd", "zstd", packed(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z }, inflated)},
		{"gzip in gzip", "gzip", twice.Bytes()},
		{"gzip, gzip", "gzip, gzip", twice.Bytes()},
		{"1000 members of gzip", "gzip", bytes.Repeat(packed(gz, 1<<20), 1000)},
	}
}

// T7: senders that drip are cut off, and others do not feel them.
func TestAbuseSlowSenders(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t)
	slow := size(300, 2000)
	quiet := s.worst(t, 2*time.Second)
	var group sync.WaitGroup
	var closed atomic.Int64
	var last atomic.Int64 // ns after which the last one was closed
	begin := time.Now()
	for i := range slow {
		group.Go(func() {
			conn, err := net.Dial("tcp", s.public)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			head := "POST /hooks/" + token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
			if i%2 == 0 {
				head = "POST /hooks/" + token + " HTTP/1.1\r\nX-Slow: " // a head that never ends
			}
			_, _ = io.WriteString(conn, head)
			gone := make(chan struct{})
			go func() { defer close(gone); _, _ = io.Copy(io.Discard, conn) }()
			tick := time.NewTicker(5 * time.Second)
			defer tick.Stop()
			for time.Since(begin) < 30*time.Second {
				select {
				case <-gone:
					closed.Add(1)
					for now := int64(time.Since(begin)); ; {
						if old := last.Load(); old >= now || last.CompareAndSwap(old, now) {
							return
						}
					}
				case <-tick.C:
					_, _ = conn.Write([]byte("a"))
				}
			}
		})
	}
	busy := s.worst(t, 8*time.Second)
	group.Wait()
	t.Logf("T7: %d slow senders: %d closed, the last after %s; p99 of good calls %s before and %s meanwhile",
		slow, closed.Load(), time.Duration(last.Load()).Round(time.Millisecond), quiet, busy)
	if int(closed.Load()) != slow {
		t.Error("a slow sender was not cut off")
	}
}

// worst gives the 99th percentile of good calls from 4 callers.
func (s *server) worst(t *testing.T, d time.Duration) time.Duration {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	var mu sync.Mutex
	var took []time.Duration
	var group sync.WaitGroup
	c := from("127.0.0.2")
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				begin := time.Now()
				if status, _, _, err := s.post(context.WithoutCancel(ctx), c, []byte(`{}`)); err != nil || status != http.StatusOK {
					t.Errorf("a good call: status %d, %v", status, err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(begin))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return percentile(took, 99)
}

func percentile(list []time.Duration, n int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[(len(list)-1)*n/100].Round(10 * time.Microsecond)
}

// T8: floods of header fields are refused.
func TestAbuseHeaders(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	s := abused(t)
	for _, c := range []struct {
		name   string
		fields string
	}{
		{"500 fields", strings.Repeat("X-Some-Field: some value\r\n", 500)},
		{"101 short fields", strings.Repeat("a:1\r\n", 101)},
		{"1 MiB in one field", "X-Long: " + strings.Repeat("a", 1<<20) + "\r\n"},
	} {
		conn, err := net.Dial("tcp", s.public)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		go fmt.Fprintf(conn, "POST /hooks/%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: 0\r\n\r\n", token, c.fields)
		status, err := answerOf(bufio.NewReader(conn))
		if err != nil {
			status = 0
		}
		conn.Close()
		t.Logf("T8: %s: status %d (0 = closed)", c.name, status)
		if status != http.StatusRequestHeaderFieldsTooLarge && (status != 0 || c.name != "1 MiB in one field") {
			t.Errorf("%s: status %d, want 431", c.name, status)
		}
	}
}
