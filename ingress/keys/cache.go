package keys

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// Cache keeps documents by their addresses. It may be used from many goroutines.
type Cache struct {
	client  *egress.Client
	options Options
	ctx     context.Context // of the requests under way; ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	uses    uint64
	entries map[string]*entry
	rates   *rates
}

// entry is what is known of one address.
type entry struct {
	value  []byte // nil: never got
	got    time.Time
	fresh  time.Time // until when value needs no renewal
	usable time.Time // until when it serves at all

	asked   time.Time // when the last request ended
	failure error     // of the last request, when it failed
	retry   time.Time // until when that counts
	flight  *flight   // the request under way; nil: none
	used    uint64    // when it was last asked for, as a count
}

// flight is a request that callers wait for; value and err may be read when done is closed.
type flight struct {
	done  chan struct{}
	value []byte
	err   error
}

// New makes a cache that asks nothing yet.
func New(client *egress.Client, o Options) *Cache {
	o = o.withDefaults()
	ctx, stop := context.WithCancel(context.Background())
	return &Cache{
		client: client, options: o, ctx: ctx, stop: stop,
		entries: map[string]*entry{}, rates: newRates(o.PerHost, o.Entries),
	}
}

// Close ends the requests under way and waits for them. Later calls fail.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.running.Wait()
}

// Fetch gives the document at an https address. The caller only reads it. It waits for the network when the
// address is new, and for [Options.Patience] at most when an older value can serve; errors are faults of egress.
func (c *Cache) Fetch(ctx context.Context, address string) ([]byte, error) {
	return c.get(ctx, address, func(e *entry, now time.Time) bool { return now.Before(e.fresh) })
}

// Renew is Fetch for a caller who misses something in the document, such as a key that is newer than it: a
// value is taken again when it is older than [Options.MinAge].
func (c *Cache) Renew(ctx context.Context, address string) ([]byte, error) {
	return c.get(ctx, address, func(e *entry, now time.Time) bool { return now.Sub(e.got) < c.options.MinAge })
}

func (c *Cache) get(ctx context.Context, address string, fresh func(*entry, time.Time) bool) ([]byte, error) {
	c.mu.Lock()
	now := c.options.Now()
	e := c.entries[address]
	var old []byte
	if e != nil {
		c.uses++
		e.used = c.uses
		if now.Before(e.asked) { // the clock was set back: nothing is known about ages
			e.fresh, e.retry = time.Time{}, time.Time{}
		} else if e.value != nil && fresh(e, now) {
			defer c.mu.Unlock()
			return e.value, nil
		}
		if now.Before(e.usable) {
			old = e.value
		}
		if e.flight == nil && now.Before(e.retry) {
			defer c.mu.Unlock()
			return old, unless(old, e.failure)
		}
	}
	f, err := c.join(e, address, now)
	c.mu.Unlock()
	if err != nil {
		return old, unless(old, err)
	}
	return c.wait(ctx, f, old)
}

// wait waits for a request, for long only when there is no old value.
func (c *Cache) wait(ctx context.Context, f *flight, old []byte) ([]byte, error) {
	patient := ctx
	if old != nil {
		var cancel context.CancelFunc
		patient, cancel = context.WithTimeout(ctx, c.options.Patience)
		defer cancel()
	}
	select {
	case <-f.done:
		if f.err == nil {
			return f.value, nil
		}
		return old, unless(old, f.err)
	case <-patient.Done():
	}
	code := fault.EgressFailed
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = fault.EgressTimeout
	}
	return old, unless(old, fault.Wrap(code, ctx.Err(), "waiting for a key").WithRetry(0))
}

// unless gives err when there is no value to serve instead.
func unless(value []byte, err error) error {
	if value != nil {
		return nil
	}
	return err
}

// join gives the request under way for an address, or starts one. e is nil for a new address. c.mu is held.
func (c *Cache) join(e *entry, address string, now time.Time) (*flight, error) {
	if e != nil && e.flight != nil {
		return e.flight, nil
	}
	if c.closed {
		return nil, fault.Wrap(fault.EgressFailed, context.Canceled, "asking for a key")
	}
	host, err := hostOf(address)
	if err != nil {
		return nil, err
	}
	// A known document is asked for once in a while by itself; only new addresses are a caller's choice.
	if (e == nil || e.value == nil) && !c.rates.take(host, now) {
		return nil, errBusy()
	}
	if e == nil {
		if !c.makeRoom() {
			return nil, errBusy()
		}
		c.uses++
		e = &entry{used: c.uses}
		c.entries[address] = e
	}
	f := &flight{done: make(chan struct{})}
	e.flight = f
	c.running.Go(func() { c.fly(f, e, address) })
	return f, nil
}

// fly makes the request of a flight and keeps what it brought.
func (c *Cache) fly(f *flight, e *entry, address string) {
	defer close(f.done)
	value, age, err := c.ask(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.Now()
	e.flight, e.asked = nil, now
	f.value, f.err = value, err
	if err != nil {
		e.failure, e.retry = err, now.Add(c.options.RetryAfter)
		return
	}
	age = min(max(age, c.options.MinAge), c.options.MaxAge)
	e.value, e.got, e.fresh = value, now, now.Add(age)
	e.usable = e.fresh.Add(c.options.MaxStale)
	e.failure, e.retry = nil, time.Time{}
}

// makeRoom forgets an address when there are too many: one without a value before one with, and of
// those the one that was not asked for the longest. It fails when all of them are under way.
func (c *Cache) makeRoom() bool {
	if len(c.entries) < c.options.Entries {
		return true
	}
	victim, worst := "", (*entry)(nil)
	for address, e := range c.entries {
		if e.flight != nil {
			continue
		}
		empty, emptier := e.value == nil, worst != nil && worst.value == nil
		if worst == nil || empty && !emptier || empty == emptier && e.used < worst.used {
			victim, worst = address, e
		}
	}
	delete(c.entries, victim)
	return worst != nil
}

// maxAddress is the length of an address, in bytes.
const maxAddress = 2048

// hostOf gives the name by which the requests to a host are counted.
func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(address) > maxAddress {
		return "", fault.New(fault.EgressDenied, "asking for a key: the address is no https URL of %d bytes at most", maxAddress)
	}
	return strings.ToLower(u.Hostname()), nil
}

func errBusy() error {
	return fault.New(fault.EgressFailed, "asking for a key: too many addresses of its host are asked for").WithRetry(time.Minute)
}
