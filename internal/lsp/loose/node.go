package loose

import "strings"

// Kind tells nodes apart.
type Kind uint8

// The kinds of nodes.
const (
	Scalar Kind = iota
	List
	Map
)

// Node is one value, or the name of one.
type Node struct {
	Kind       Kind
	Start, End int // offsets of the first byte and behind the last one, with quotes and brackets
	Line       int // of Start, from 0
	Column     int // of Start in bytes, from 0

	Text  string  // of a scalar, as it is written, without its quotes
	Inner int     // offset where Text begins
	Quote byte    // of a scalar: 0, ', " or |
	Items []*Node // of a list; nil where an item is missing
	Pairs []Pair  // of a map
	Flow  bool    // a collection in brackets
}

// Pair is a name with its value.
type Pair struct {
	Key   *Node // a scalar
	Colon bool  // false while the name is being typed
	Value *Node // nil = none yet
}

// Get finds the value of a name, nil when there is none.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Text == name {
			return p.Value
		}
	}
	return nil
}

// String gives the text of a scalar, "" for other nodes.
func (n *Node) String() string {
	if n == nil || n.Kind != Scalar {
		return ""
	}
	if n.Quote == '\'' {
		return strings.ReplaceAll(n.Text, "''", "'")
	}
	return n.Text
}

// Step is one node on the way to a place, from the outside.
type Step struct {
	Node *Node
	At   int // index of the item or pair that the way goes through
}

// Place is what stands at an offset: a scalar, and the way to it.
type Place struct {
	Way    []Step
	Scalar *Node
	IsKey  bool // the scalar is the name of a pair, or about to become one
}

// Find gives the scalar at an offset; false when there is none.
func (n *Node) Find(offset int) (Place, bool) {
	var p Place
	ok := p.find(n, offset)
	return p, ok
}

func (p *Place) find(n *Node, offset int) bool {
	if n == nil || offset < n.Start || offset > n.End {
		return false
	}
	if n.Kind == Scalar {
		p.Scalar = n
		return true
	}
	before := len(p.Way)
	p.Way = append(p.Way, Step{Node: n})
	for i, item := range n.Items {
		if p.Way[before].At = i; p.find(item, offset) {
			return true
		}
	}
	for i, pair := range n.Pairs {
		p.Way[before].At = i
		if offset >= pair.Key.Start && offset <= pair.Key.End {
			p.Scalar, p.IsKey = pair.Key, true
			return true
		}
		if p.find(pair.Value, offset) {
			return true
		}
	}
	p.Way = p.Way[:before]
	return false
}
