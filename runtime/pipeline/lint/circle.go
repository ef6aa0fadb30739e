package lint

import (
	"slices"
	"strings"
)

// groups numbers the files: those that lead to each other, by whatever it is that one file starts another with, have the
// same number.
type groups struct {
	of   map[*file]int
	size map[int]int
}

// circlesOf finds the groups, each file and each step between two being looked at once (Tarjan).
func circlesOf(files []*file, next func(*file) []*file) groups {
	g := groups{of: map[*file]int{}, size: map[int]int{}}
	number, low := map[*file]int{}, map[*file]int{}
	var stack []*file
	type visit struct {
		f    *file
		next []*file
	}
	for _, root := range files {
		if number[root] != 0 {
			continue
		}
		enter := func(f *file) visit {
			number[f] = len(number) + 1
			low[f] = number[f]
			stack = append(stack, f)
			return visit{f, next(f)}
		}
		open := []visit{enter(root)} // in place of a recursion, which a long chain would make deep
		for len(open) > 0 {
			at := &open[len(open)-1]
			if len(at.next) > 0 {
				n := at.next[0]
				at.next = at.next[1:]
				if number[n] == 0 {
					open = append(open, enter(n))
				} else if _, done := g.of[n]; !done {
					low[at.f] = min(low[at.f], number[n])
				}
				continue
			}
			f := at.f
			open = open[:len(open)-1]
			if len(open) > 0 {
				outer := open[len(open)-1].f
				low[outer] = min(low[outer], low[f])
			}
			if low[f] != number[f] {
				continue
			}
			for {
				last := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				g.of[last] = number[f]
				g.size[number[f]]++
				if last == f {
					break
				}
			}
		}
	}
	return g
}

// through tells whether from, when it starts one of the files, is started again, and names what lies between.
func (g groups) through(from *file, to []*file, next func(*file) []*file) (what string, found bool) {
	to = slices.DeleteFunc(slices.Clone(to), func(f *file) bool { return g.of[f] != g.of[from] })
	if len(to) == 0 {
		return "", false
	}
	const most = 20 // a longer way says nothing to anybody
	if g.size[g.of[from]] > most {
		return ", through many others", true
	}
	path, found := way(to, from, next)
	if len(path) > 1 {
		what = ", through " + names(path[:len(path)-1])
	}
	return what, found
}

// way finds the shortest way from one of the files to another one; it ends with that.
func way(from []*file, to *file, next func(*file) []*file) (path []*file, found bool) {
	behind := map[*file]*file{}
	queue := slices.Clone(from)
	for _, f := range from {
		behind[f] = nil
	}
	for len(queue) > 0 {
		f := queue[0]
		queue = queue[1:]
		if f == to {
			for at := f; at != nil; at = behind[at] {
				path = append(path, at)
			}
			slices.Reverse(path)
			return path, true
		}
		for _, n := range next(f) {
			if _, seen := behind[n]; !seen {
				behind[n] = f
				queue = append(queue, n)
			}
		}
	}
	return nil, false
}

func names(files []*file) string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.name
	}
	return strings.Join(out, ", ")
}
