package verify

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keySetAge   = 5 * time.Minute  // after which a key set is asked for again, whatever keys the requests name
	keySetRetry = 10 * time.Second // the same where there is none, because it could not be fetched
	keySetStale = 24 * time.Hour   // for which a set is used when it cannot be fetched again
	keySetWait  = 5 * time.Second
)

// renewer is a Fetcher that keeps what it fetched, and can be told that something is missing in it.
type renewer interface {
	Renew(ctx context.Context, url string) ([]byte, error)
}

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
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, invalid("jwksUrl", "the address of a key set begins with https:// and has no user and no fragment")
	}
	return &remoteKeys{address: address, fetch: fetch}, nil
}

// choose picks the keys for a token. An unknown kid asks for the set again, at most every five minutes.
func (k *remoteKeys) choose(head tokenHead, now time.Time) ([]any, *Refusal) {
	set := k.current.Load()
	if set == nil || now.Sub(set.at) >= keySetAge {
		set = k.refresh(set, now, false)
	}
	if set == nil || now.Sub(set.at) >= keySetStale {
		return nil, errJWTKeys
	}
	found, r := choose(set.keys, head)
	if r != errJWTKey {
		return found, r
	}
	if newer := k.refresh(set, now, true); newer != set {
		return choose(newer.keys, head)
	}
	return nil, r
}

// refresh gets the set unless that was tried lately or somebody did it since old was read, and gives the
// set that holds now. What cannot be fetched or read leaves the set that there is.
func (k *remoteKeys) refresh(old *fetchedKeys, now time.Time, missing bool) *fetchedKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.current.Load()
	if set != old || k.fetch == nil || !k.due(set, now) {
		return set
	}
	k.tried = now
	ctx, cancel := context.WithTimeout(context.Background(), keySetWait)
	defer cancel()
	get := k.fetch.Fetch
	if r, ok := k.fetch.(renewer); ok && missing {
		get = r.Renew
	}
	text, err := get(ctx, k.address)
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

// due reports whether it is time to ask. k.mu is held.
func (k *remoteKeys) due(set *fetchedKeys, now time.Time) bool {
	pause := keySetAge
	if set == nil {
		pause = keySetRetry
	}
	since := now.Sub(k.tried)
	return k.tried.IsZero() || since < 0 || since >= pause
}
