package secret

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// MinScrub is the length from which a value is replaced. Shorter ones would also hit harmless words.
const MinScrub = 8

// Scrubber replaces known secrets in texts, in plain, base64, hex and percent form.
type Scrubber struct {
	mu    sync.RWMutex
	known map[string]struct{}

	// Built when it is first needed after an Add, so that adding many is cheap.
	matcher atomic.Pointer[matcher]
}

// NewScrubber makes a scrubber that knows nothing.
func NewScrubber() *Scrubber { return &Scrubber{known: map[string]struct{}{}} }

// Add makes text known. A text shorter than MinScrub is not taken.
func (s *Scrubber) Add(text string) {
	if len(text) < MinScrub {
		return
	}
	s.mu.RLock()
	_, have := s.known[text]
	s.mu.RUnlock()
	if have {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[text] = struct{}{}
	s.matcher.Store(nil)
}

// Scrub gives text with every known secret replaced by [Redacted]. A text without one is returned as
// it is, without a copy.
func (s *Scrubber) Scrub(text string) string {
	if len(text) < MinScrub {
		return text
	}
	m := s.matcher.Load()
	if m == nil {
		m = s.build()
	}
	return m.replace(text, Redacted)
}

func (s *Scrubber) build() *matcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.matcher.Load(); m != nil {
		return m
	}
	var all []string
	for text := range s.known {
		for _, form := range forms(text) {
			if len(form) >= MinScrub {
				all = append(all, form)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { // the longest match wins
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	m := newMatcher(all)
	s.matcher.Store(m)
	return m
}
