package verify

import (
	"context"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keySetAge   = time.Hour       // after which a fetched key set is fetched again, so that withdrawn keys go
	keySetPause = 5 * time.Minute // between two fetches at least, whatever keys the requests name
	keySetStale = 24 * time.Hour  // for which a set is used when it cannot be fetched again
	keySetWait  = 5 * time.Second
)

// remoteKeys is the key set at an address that the operator named. It is parsed once for each fetch.
type remoteKeys struct {
	address string
	fetch   Fetcher // nil = nothing is fetched

	current atomic.Pointer[fetchedKeys]
	mu      sync.Mutex // held while fetching
	tried   time.Time  // guarded by mu; zero = never
}

type fetchedKeys struct {
	keys []pinnedKey
	at   time.Time
}

func newRemoteKeys(address string, fetch Fetcher) (*remoteKeys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, invalid("jwksUrl", "the address of a key set begins with https:// and has no user and no fragment")
	}
	return &remoteKeys{address: address, fetch: fetch}, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// choose picks the keys for a token. An unknown kid fetches the set again, at most every five minutes.
func (k *remoteKeys) choose(head tokenHead, now time.Time) ([]any, *Refusal) {
	set := k.current.Load()
	if set == nil || now.Sub(set.at) >= keySetAge {
		set = k.refresh(set, now)
	}
	if set == nil || now.Sub(set.at) >= keySetStale {
		return nil, errJWTKeys
	}
	found, r := choose(set.keys, head)
	if r != errJWTKey {
		return found, r
	}
	if newer := k.refresh(set, now); newer != set {
		return choose(newer.keys, head)
	}
	return nil, r
}

// refresh fetches the set unless that was tried lately or somebody did it since old was read, and gives
// the set that holds now. What cannot be fetched or read leaves the set that there is.
func (k *remoteKeys) refresh(old *fetchedKeys, now time.Time) *fetchedKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.current.Load()
	if since := now.Sub(k.tried); set != old || k.fetch == nil || !k.tried.IsZero() && since >= 0 && since < keySetPause {
		return set
	}
	k.tried = now
	ctx, cancel := context.WithTimeout(context.Background(), keySetWait)
	defer cancel()
	text, err := k.fetch.Fetch(ctx, k.address)
	if err != nil {
		return set
	}
	keys, err := parseKeySet(text, false)
	if err != nil {
		return set
	}
	set = &fetchedKeys{keys: keys, at: now}
	k.current.Store(set)
	return set
}
