package builtin

import (
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// The limits of the cache.
const (
	maxCacheKey     = 512      // bytes
	maxCacheEntry   = 1 << 20  // bytes of JSON text
	maxCacheBytes   = 64 << 20 // of all entries
	maxCacheEntries = 100_000  //
	maxCacheTTL     = time.Hour * 24
)

// cache keeps values for a while, in the memory of one process.
type cache struct {
	now     func() time.Time
	mu      sync.Mutex
	entries map[string]cacheEntry
	bytes   int
}

type cacheEntry struct {
	text  []byte // JSON, so that no pipeline shares a value with another one
	until time.Time
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: map[string]cacheEntry{}}
}

// put keeps v. What has expired is thrown out first when there is no room.
func (c *cache) put(key string, v any, ttl time.Duration) error {
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		return fault.Wrap(fault.CommandType, err, "encoding the value")
	}
	if len(text) > maxCacheEntry || len(key) > maxCacheKey {
		return fault.New(fault.CommandType, "the cache keeps values up to %d bytes under keys up to %d bytes", maxCacheEntry, maxCacheKey)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
	if size := len(key) + len(text); c.bytes+size > maxCacheBytes || len(c.entries) == maxCacheEntries {
		now := c.now()
		for old, e := range c.entries {
			if !e.until.After(now) {
				c.drop(old)
			}
		}
		for old := range c.entries { // whatever comes first: nobody may rely on a cache
			if c.bytes+size <= maxCacheBytes && len(c.entries) < maxCacheEntries {
				break
			}
			c.drop(old)
		}
	}
	c.entries[key] = cacheEntry{text, c.now().Add(min(ttl, maxCacheTTL))}
	c.bytes += len(key) + len(text)
	return nil
}

// get finds what is kept under a key.
func (c *cache) get(key string) (v any, found bool) {
	c.mu.Lock()
	e, found := c.entries[key]
	if found && !e.until.After(c.now()) {
		c.drop(key)
		found = false
	}
	c.mu.Unlock()
	if !found {
		return nil, false
	}
	v, err := value.Decode(e.text)
	return v, err == nil
}

// drop expects c.mu to be held.
func (c *cache) drop(key string) {
	if e, found := c.entries[key]; found {
		c.bytes -= len(key) + len(e.text)
		delete(c.entries, key)
	}
}
