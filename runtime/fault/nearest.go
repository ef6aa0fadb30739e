package fault

// Nearest gives the known name closest to name by edit distance (insert, delete, replace, swap of
// neighbours each count one), or "" when none is close enough to be a likely slip.
func Nearest(name string, known []string) string {
	best, bestDistance := "", max(2, len(name)/3)+1
	for _, k := range known {
		if d := distance(name, k); d < bestDistance || d == bestDistance && k < best {
			best, bestDistance = k, d
		}
	}
	return best
}

// DidYouMean gives `did you mean "x"?` for the nearest known name, "" when there is none.
func DidYouMean(name string, known []string) string {
	if n := Nearest(name, known); n != "" {
		return `did you mean "` + n + `"?`
	}
	return ""
}

func distance(a, b string) int {
	const tooLong = 256 // names, not texts: the table is quadratic
	if len(a) > tooLong || len(b) > tooLong {
		return tooLong
	}
	var rows [3][tooLong + 1]int
	before, prev, cur := rows[0][:len(b)+1], rows[1][:len(b)+1], rows[2][:len(b)+1]
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
