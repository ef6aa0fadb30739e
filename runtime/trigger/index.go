package trigger

import "strings"

// Index finds the values whose pattern matches a key. The zero Index is empty and ready for use. Add
// first, then match: Match may be called from many goroutines, but not together with Add.
//
// The patterns are one automaton over words. The cost of a match is the number of words times the
// number of patterns that still can match, whatever the wildcards are. A match does not allocate as
// long as few patterns stay possible at once.
type Index[T any] struct {
	nodes []node[T]
	anys  int32 // number of nodes behind a '#'
}

// node is the state after some words of a pattern. An index of 0 means "none": nothing leads to the root.
type node[T any] struct {
	words  map[string]int32
	one    int32 // after '*'
	any    int32 // after '#'
	anyNo  int32 // counts from 1 the nodes behind a '#'; 0 for the others
	values []T
}

// Add puts v under pattern, which must satisfy [CheckPattern]. One pattern may hold many values.
func (x *Index[T]) Add(pattern string, v T) {
	if len(x.nodes) == 0 {
		x.nodes = append(x.nodes, node[T]{})
	}
	at := int32(0)
	for word := range strings.SplitSeq(pattern, ".") {
		at = x.child(at, word)
	}
	x.nodes[at].values = append(x.nodes[at].values, v)
}

// child finds or makes the node behind word.
func (x *Index[T]) child(at int32, word string) int32 {
	n := &x.nodes[at]
	next, made := int32(len(x.nodes)), node[T]{}
	switch word {
	case OneWord:
		if n.one != 0 {
			return n.one
		}
		n.one = next
	case AnyWords:
		if n.anyNo != 0 { // "#.#" is "#"
			return at
		}
		if n.any != 0 {
			return n.any
		}
		n.any = next
		x.anys++
		made.anyNo = x.anys
	default:
		if c, ok := n.words[word]; ok {
			return c
		}
		if n.words == nil {
			n.words = map[string]int32{}
		}
		n.words[word] = next
	}
	x.nodes = append(x.nodes, made)
	return next
}

// Match calls yield for every value whose pattern matches key, each once, in no particular order, until
// yield returns false.
func (x *Index[T]) Match(key string, yield func(T) bool) {
	if len(x.nodes) == 0 {
		return
	}
	// A node behind '#' stays active for all further words; the others are reached along one path
	// only. So it is enough to remember which of the former are active already.
	var fewA, fewB [64]int32
	var fewActive [16]uint64
	now, next, active := fewA[:0], fewB[:0], fewActive[:]
	if need := int(x.anys)/64 + 1; need > len(active) {
		active = make([]uint64, need)
	}
	now = x.enter(now, active, 0)
	for more := true; more && len(now) > 0; {
		var word string
		word, key, more = strings.Cut(key, ".")
		next = next[:0]
		for _, at := range now {
			n := &x.nodes[at]
			if n.anyNo != 0 {
				next = append(next, at)
			}
			if n.one != 0 {
				next = x.enter(next, active, n.one)
			}
			if c, ok := n.words[word]; ok {
				next = x.enter(next, active, c)
			}
		}
		now, next = next, now
	}
	for _, at := range now {
		for _, v := range x.nodes[at].values {
			if !yield(v) {
				return
			}
		}
	}
}

// enter adds node at to set, and the node behind its '#', which also stands for no words.
func (x *Index[T]) enter(set []int32, active []uint64, at int32) []int32 {
	set = append(set, at)
	behind := x.nodes[at].any
	if behind == 0 {
		return set
	}
	no := x.nodes[behind].anyNo
	if bit := uint64(1) << (no % 64); active[no/64]&bit == 0 {
		active[no/64] |= bit
		set = append(set, behind)
	}
	return set
}
