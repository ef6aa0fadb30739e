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

	// The replacer is built when it is first needed after an Add, so that adding many is cheap.
	replacer atomic.Pointer[strings.Replacer]
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
	s.replacer.Store(nil)
}

// Scrub gives text with every known secret replaced by [Redacted]. A text without one is returned as
// it is, without a copy.
func (s *Scrubber) Scrub(text string) string {
	if len(text) < MinScrub {
		return text
	}
	r := s.replacer.Load()
	if r == nil {
		r = s.build()
	}
	return r.Replace(text)
}

func (s *Scrubber) build() *strings.Replacer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.replacer.Load(); r != nil {
		return r
	}
	var all []string
	for text := range s.known {
		all = append(all, forms(text)...)
	}
	slices.SortFunc(all, func(a, b string) int { // the longest match wins
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var pairs []string
	for _, form := range slices.Compact(all) {
		if len(form) >= MinScrub {
			pairs = append(pairs, form, Redacted)
		}
	}
	r := strings.NewReplacer(pairs...)
	s.replacer.Store(r)
	return r
}
