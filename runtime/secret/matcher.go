package secret

import (
	"encoding/binary"
	"slices"
	"strings"
)

// matcher finds many patterns of at least MinScrub bytes in one pass. The first eight bytes at each
// place, as a number, choose the patterns to compare; a bit filter in front says "none" at once.
type matcher struct {
	filter [filterWords]uint64
	byHead map[uint64][]string // the longest pattern first
}

const filterWords = 256

// newMatcher takes patterns in the order of preference.
func newMatcher(patterns []string) *matcher {
	m := &matcher{byHead: map[uint64][]string{}}
	for _, p := range patterns {
		head := headOf(p)
		if !slices.Contains(m.byHead[head], p) {
			m.byHead[head] = append(m.byHead[head], p)
		}
		word, bit := slot(head)
		m.filter[word] |= bit
	}
	return m
}

// replace gives text with every match replaced, text itself when there is none.
func (m *matcher) replace(text, with string) string {
	var out strings.Builder
	done := 0
	for i := 0; i+MinScrub <= len(text); {
		if p := m.at(text[i:]); p != "" {
			out.WriteString(text[done:i])
			out.WriteString(with)
			i += len(p)
			done = i
			continue
		}
		i++
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

func (m *matcher) at(text string) string {
	head := headOf(text)
	word, bit := slot(head)
	if m.filter[word]&bit == 0 {
		return ""
	}
	for _, p := range m.byHead[head] {
		if strings.HasPrefix(text, p) {
			return p
		}
	}
	return ""
}

func headOf(s string) uint64 {
	_ = s[MinScrub-1]
	return binary.LittleEndian.Uint64([]byte(s[:MinScrub]))
}

// slot spreads heads over the bits of the filter.
func slot(head uint64) (word int, bit uint64) {
	h := head * 0x9e3779b97f4a7c15 >> 50 // 14 bits: filterWords times 64
	return int(h >> 6), 1 << (h & 63)
}
